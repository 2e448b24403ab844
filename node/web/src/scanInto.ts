/** A camera beside a field: opened by a tap, closed by what it reads. */

import { button, fill, h, icon, say } from "./dom.ts";
import { type Scan, scan } from "./scan.ts";
import { busy } from "./start.ts";

export interface ScanInto {
  element: HTMLElement;
  /** Gives the camera back. */
  stop(): void;
}

/** How scanning is offered. */
interface Offer {
  words?: string;
  look?: "main" | "quiet" | "";
  /** What to do where there is no camera: the field beside it, unless it is said otherwise. */
  otherwise?: string;
}

/** Offers to scan; tells what was read. */
export function scanInto(found: (text: string) => void, { words = say("scan"), look = "quiet", otherwise = say("face_camera_none_next") }: Offer = {}): ScanInto {
  let opened: Scan | null = null;
  let isOn = true;
  const view = h("div", { class: "camera" }, button("scan", words, () => void open(), look));
  const stop = () => {
    isOn = false;
    opened?.stop();
    opened = null;
  };
  const seen = (text: string) => {
    stop();
    view.replaceChildren(h("p", { role: "status" }, icon("tick"), say("face_scanned")));
    found(text);
  };
  const open = async () => {
    view.replaceChildren(busy(say("camera_opens")));
    try {
      const started = await scan(seen);
      if (!isOn) return started.stop();
      opened = started;
      started.video.setAttribute("aria-label", say("camera_label"));
      view.replaceChildren(started.video);
    } catch {
      fill(view, h("p", { role: "status" }, icon("hand"), say("camera_none"), " ", otherwise));
    }
  };
  return { element: view, stop };
}
