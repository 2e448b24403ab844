/** A phone that is not yet what this page needs: it shows its key, somebody else connects it. */

import { button, fill, h, icon, say, show, type Child, type Icon } from "./dom.ts";
import { qr } from "./qr.ts";
import { explain } from "./start.ts";

export interface Connecting {
  key: string;
  picture: Icon;
  title: string;
  /** What to do, in short sentences. */
  steps: readonly string[];
  /** The same for whoever has the program: commands. */
  commands: readonly string[];
  /** Looks whether it was done; goes on when it was. */
  look: () => Promise<boolean>;
  more?: Child;
}

/** Shows the key, and looks again when asked. */
export function showConnecting({ key, picture, title, steps, commands, look, more }: Connecting): void {
  const state = h("p", { role: "status" });
  const again = async () => {
    state.textContent = say("loading");
    try {
      if (!(await look())) state.replaceChildren(icon("clock"), say("connect_not_yet"));
    } catch (error) {
      fill(state, explain(error));
    }
  };
  show([
    h("h2", { tabindex: "-1", "data-focus": true }, icon(picture), title),
    steps.map((step) => h("p", null, step)),
    qr(key, say("connect_code")),
    state,
    h("div", { class: "actions" }, button("tick", say("connect_done"), () => void again(), "main")),
    more,
    // Nobody at a counter needs it: whoever cannot scan types it, whoever has the program runs it.
    h("details", null, h("summary", null, say("code_typed")), h("code", { id: "connect-key" }, key),
      h("p", null, say("connect_program")), commands.map((command) => h("p", null, h("code", null, command)))),
  ]);
}
