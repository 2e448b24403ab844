/** How long something lasts, in words. */

import { say } from "./dom.ts";

/** Returns a time in the largest unit that needs no fraction. */
export function lasting(seconds: number): string {
  const [count, unit] = seconds % 86_400 === 0 ? [seconds / 86_400, "days"] : seconds % 3_600 === 0 ? [seconds / 3_600, "hours"] : [seconds, "seconds"];
  return count === 1 && unit === "days" ? say("lasts_one_day") : say(`lasts_${unit}`, { count });
}
