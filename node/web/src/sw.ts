/**
 * The service worker: the wallet and the till open without network, and at once when it is slow.
 *
 * It keeps scripts, styles and the pages that live in their script. It never keeps an answer about money.
 */

import { within } from "./patience.ts";

declare const PRECACHE: readonly string[];
declare const VERSION: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const NAME = `klaver-${VERSION}`;
const SHELLS = ["/wallet", "/till", "/place", "/coordination", "/verify", "/promise"];
/** How long the node is waited for before a kept page is shown, in milliseconds. */
const PATIENCE = 3_000;

worker.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(PRECACHE);
    await Promise.all(SHELLS.map((shell) => refresh(cache, shell)));
    await routes(event);
    await worker.skipWaiting();
  })());
});

worker.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== NAME) await caches.delete(name);
    await worker.clients.claim();
  })());
});

worker.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== worker.location.origin) return;
  if (address.pathname.startsWith("/assets/")) event.respondWith(asset(event.request));
  else if (event.request.mode === "navigate") event.respondWith(page(event, address));
});

/** Where a browser can read what is kept without asking this program, it does. Not all of them can. */
async function routes(event: ExtendableEvent): Promise<void> {
  const { addRoutes } = event as { addRoutes?: (rules: object) => Promise<void> };
  const condition = { or: ["/assets/*.js", "/assets/*.css", "/assets/*.svg"].map((urlPattern) => ({ urlPattern })) };
  await addRoutes?.call(event, { condition, source: { cacheName: NAME } }).catch(() => undefined);
}

async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  // Its name holds its hash: what has been fetched stays true.
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

/** Fetches a page that lives in its script, and keeps it. */
async function refresh(cache: Cache, shell: string): Promise<Response> {
  const response = await fetch(shell, { cache: "no-store", credentials: "same-origin" });
  if (response.ok && !response.redirected) await cache.put(shell, response.clone());
  return response;
}

async function page(event: FetchEvent, address: URL): Promise<Response> {
  const cache = await caches.open(NAME);
  if (SHELLS.includes(address.pathname) && address.search === "") {
    const kept = await cache.match(address.pathname);
    const fresh = refresh(cache, address.pathname);
    if (!kept) return fresh;
    // What may be promised without network is known as of the last visit.
    event.waitUntil(Promise.all([fresh, refresh(cache, "/promise")]).catch(() => undefined));
    return kept;
  }
  try {
    const response = await fetch(event.request, { signal: within(PATIENCE * 5) });
    // Another language: what was kept speaks the old one, which is better than nothing.
    if (address.searchParams.has("lang")) await Promise.all(SHELLS.map((shell) => refresh(cache, shell).catch(() => undefined)));
    return response;
  } catch {
    // The wallet says what it can without network, and sends what waits once it is back.
    if (!(await cache.match("/wallet"))) return Response.error();
    const page = /^\/(p|to)\//i.test(address.pathname) ? "/promise" : "/wallet";
    return Response.redirect(SHELLS.includes(address.pathname) ? address.pathname : `${page}#offline/${encodeURIComponent(address.pathname)}`);
  }
}
