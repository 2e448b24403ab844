/** What becomes of a payment request, as it happens. */

import { type PaymentRequest, ask } from "./api.ts";
import { now } from "./dom.ts";

/** How soon to ask again after the stream was refused, and how late at most, in milliseconds. */
const [SOON, LATE] = [1_000, 15_000];

/**
 * Tells every news of a request. Returns how to stop.
 *
 * The browser itself reconnects a stream that broke off; one that was answered by something else is over for it. Then
 * the request is asked for, and the stream opened anew. When the request's time is over and nobody answers, `unknown`
 * is told once; news that comes after all is told still.
 */
export function watchRequest(id: string, until: number, tell: (request: PaymentRequest) => void, unknown: () => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = SOON;
  let isOn = true;
  const stop = () => {
    isOn = false;
    source?.close();
    clearTimeout(timer);
    clearTimeout(end);
  };
  const hear = (request: PaymentRequest) => {
    if (!isOn) return;
    // After paid or expired nothing more comes: the browser would only ask again and again.
    if (request.state !== "open") stop();
    tell(request);
  };
  const open = () => {
    source?.close();
    source = new EventSource(`/v1/requests/${id}/events`);
    source.addEventListener("request", (event) => {
      wait = SOON;
      hear(JSON.parse((event as MessageEvent<string>).data) as PaymentRequest);
    });
    source.addEventListener("error", (event) => {
      if ((event.target as EventSource).readyState === EventSource.CLOSED) later();
    });
  };
  const later = () => {
    clearTimeout(timer);
    if (isOn) timer = setTimeout(() => void look().then(() => isOn && open()), wait);
    wait = Math.min(wait * 2, LATE);
  };
  const look = async (): Promise<boolean> => {
    const request = await ask<PaymentRequest>("GET", `/v1/requests/${id}`).catch(() => null);
    if (request?.state) hear(request);
    return request !== null;
  };
  // The node tells that the time is over; where it cannot be heard the phone's own clock does.
  const end = setTimeout(() => void look().then((isKnown) => isOn && !isKnown && unknown()), Math.max(0, until - now()) + SOON);
  open();
  return stop;
}
