/** A button that reads the page aloud, where the device has a voice. */

import { button, say } from "./dom.ts";

/** Adds the button, once: a page that is tried again has it already. */
export function readAloud(): void {
  const main = document.getElementById("main");
  if (!("speechSynthesis" in globalThis) || !main || document.getElementById("read-aloud")) return;
  const speak = () => {
    const voice = globalThis.speechSynthesis;
    if (voice.speaking) return voice.cancel();
    const words = new SpeechSynthesisUtterance(main.innerText);
    words.lang = document.documentElement.lang;
    voice.speak(words);
  };
  const aloud = button("sound", say("read_aloud"), speak, "quiet");
  aloud.id = "read-aloud";
  document.querySelector("footer")?.prepend(aloud);
}
