/** A page that says everything without a script: only reading aloud, the service worker and perhaps a map are added. */

import { button, fill, given, h, icon, show } from "../dom.ts";
import { start } from "../start.ts";
import type { MapGiven } from "../townMap.ts";

void start(async () => {
  const map = given<MapGiven>();
  if (map) (await import("../mapOffer.ts")).offerMap(map, { button, fill, h, icon, show });
});
