/** What becomes of a payment request, as it happens. */

import type { PaymentRequest } from "./api.ts";

/** Tells every news of a request; the browser itself reconnects. Returns how to stop. */
export function watchRequest(id: string, tell: (request: PaymentRequest) => void): () => void {
  const source = new EventSource(`/v1/requests/${id}/events`);
  source.addEventListener("request", (event) => {
    const request = JSON.parse((event as MessageEvent<string>).data) as PaymentRequest;
    // After paid or expired nothing more comes: the browser would only ask again and again.
    if (request.state !== "open") source.close();
    tell(request);
  });
  return () => source.close();
}
