/** What a community brings of its own: a logo, and somebody who serves pictures of the map. */

import { type Server, createServer } from "node:http";

/** One green point: what every tile shows. */
const TILE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
export const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11" fill="#7a1f5c"/></svg>';

/** Serves the same picture for every tile on loopback; `asked` hears of each. */
export async function tileServer(asked: (what: string) => void = () => undefined): Promise<Server> {
  const server = createServer((request, response) => {
    asked(`${request.url} ${request.headers.referer}`);
    response.writeHead(200, { "content-type": "image/png" }).end(TILE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
