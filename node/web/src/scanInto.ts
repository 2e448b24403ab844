/** A camera beside a field: opened by a tap, closed by what it reads. */

import { button, fill, h, icon, say } from "./dom.ts";
import { type Scan, scan } from "./scan.ts";
import { busy } from "./start.ts";

export interface ScanInto {
  element: HTMLElement;
  /** Gives the camera back. */
  stop(): void;
}

/** Offers to scan; tells what was read. Where there is no camera, the field beside it is the way. */
export function scanInto(found: (text: string) => void): ScanInto {
  let opened: Scan | null = null;
  let isOn = true;
  const view = h("div", { class: "camera" }, button("scan", say("scan"), () => void look(), "quiet"));
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
  const look = async () => {
    view.replaceChildren(busy(say("camera_opens")));
    try {
      const started = await scan(seen);
      if (!isOn) return started.stop();
      opened = started;
      started.video.setAttribute("aria-label", say("camera_label"));
      view.replaceChildren(started.video);
    } catch {
      fill(view, h("p", { role: "status" }, icon("hand"), say("camera_none"), " ", say("face_camera_none_next")));
    }
  };
  return { element: view, stop };
}
