/** Waiting for so long and no longer. */

/** Returns a signal that aborts after so many milliseconds; browsers without `AbortSignal.timeout` have it too. */
export function within(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), milliseconds);
  return controller.signal;
}
