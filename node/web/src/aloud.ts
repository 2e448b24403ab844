/** A button that reads the page aloud, where the device has a voice. */

import { button, say } from "./dom.ts";

export function readAloud(): void {
  const main = document.getElementById("main");
  if (!("speechSynthesis" in globalThis) || !main) return;
  const speak = () => {
    const voice = globalThis.speechSynthesis;
    if (voice.speaking) return voice.cancel();
    const words = new SpeechSynthesisUtterance(main.innerText);
    words.lang = document.documentElement.lang;
    voice.speak(words);
  };
  document.querySelector("footer")?.prepend(button("sound", say("read_aloud"), speak, "quiet"));
}
