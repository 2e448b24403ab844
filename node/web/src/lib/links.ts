/** QR codes and links: what a camera reads, and what a till shows. Mirrors `ledger/src/link.rs`. */

import { type Bytes, base32, base45, concat, fromBase32, fromBase45, fromHex, hex, utf8 } from "./bytes.ts";
import { INTEGER_MAX, Malformed } from "./cbor.ts";
import { decodeEnvelope } from "./entry.ts";

/** What a code says. `node` is the address it names: `https://host`. Ids and secrets are in hexadecimal. */
export type Link =
  | { link: "request"; node: string; id: string }
  | { link: "alias"; node: string; alias: string; amount: string | null }
  | { link: "card"; node: string; id: string; secret: string | null }
  | { link: "voucher"; node: string; id: string; secret: string }
  | { link: "check_in"; node: string; session: string; code: string }
  | { link: "invitation"; node: string; code: string }
  | { link: "lent_right"; node: string; id: string; code: string }
  | { link: "draft"; node: string; id: string }
  | { link: "payment"; ledger_prefix: string; envelope: string }
  | { link: "checkpoint"; ledger_prefix: string; size: number; root: string; signature: string }
  | { link: "receipt"; file: string };

export type LinkCode = "not_a_link" | "link_not_secure" | "link_unknown" | "link_malformed" | "other_community";

export class LinkError extends Error {
  readonly code: LinkCode;
  /** Of another community: whose it is. */
  readonly theirs: string | undefined;
  constructor(code: LinkCode, why: string, theirs?: string) {
    super(why);
    this.code = code;
    this.theirs = theirs;
  }
}

const BYTES_MAX = 90;
const CHARS_MAX = 4_296;

/** Reads a code. @throws LinkError */
export function parseLink(scanned: string): Link {
  const text = scanned.trim();
  if (text.length > CHARS_MAX) throw new LinkError("link_malformed", "the code is too long");
  if (text.startsWith("KLVP:")) return parsePayment(text.slice(5));
  if (text.startsWith("KLVC:")) return parseCheckpoint(text.slice(5));
  if (text.startsWith("c2sp.org/tlog-proof@")) return { link: "receipt", file: text };
  if (utf8(text).length > BYTES_MAX) throw new LinkError("link_malformed", `at most ${BYTES_MAX} bytes fit`);
  return parseAddressLink(text);
}

/** Splits the address of a node from what follows it. */
function splitAddress(text: string): { node: string; rest: string } {
  const [, scheme, authority, rest] = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(text) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) {
    throw new LinkError("not_a_link", "this is no code of a community");
  }
  const isSecure = scheme.toLowerCase() === "https";
  const [, host, port] = /^(\[::1\]|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)(?::([1-9][0-9]{0,4}))?$/i.exec(authority) ?? [];
  if (host === undefined || host.length > 253 || Number(port ?? 1) > 65_535) {
    throw new LinkError("link_malformed", "the address is malformed");
  }
  const name = host.toLowerCase();
  const shown = port === undefined || port === (isSecure ? "443" : "80") ? "" : `:${port}`;
  if (!isSecure && !["localhost", "127.0.0.1", "[::1]"].includes(name)) {
    throw new LinkError("link_not_secure", `the link to ${name} is not encrypted`);
  }
  return { node: `${scheme.toLowerCase()}://${name}${shown}`, rest };
}

function parseAddressLink(text: string): Link {
  const { node, rest } = splitAddress(text);
  const [, path = "", query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(rest) ?? [];
  const [, letters, name = ""] = /^\/([^/]*)\/(.*)$/.exec(path) ?? [];
  const letter = letters?.toLowerCase();
  const malformed = (why: string) => new LinkError("link_malformed", why);
  if (letter === undefined || !["p", "to", "c", "v", "t", "i", "l", "d"].includes(letter)) {
    throw new LinkError("link_unknown", "this path is unknown");
  }
  if (letter !== "to" && query !== undefined) throw malformed("nothing belongs after a question mark");
  if (["p", "to", "i", "d"].includes(letter) && fragment !== undefined) throw malformed("no secret belongs here");
  const sixteen = (part: string): string => {
    const bytes = fromBase32(part);
    if (!bytes) throw malformed("26 letters and digits of base32 belong there");
    return hex(bytes);
  };
  const secret = (): string => sixteen(fragment ?? "");
  switch (letter) {
    case "p": return { link: "request", node, id: sixteen(name) };
    case "to": return { link: "alias", node, alias: parseAlias(name), amount: query === undefined ? null : parseQuery(query) };
    case "c": return { link: "card", node, id: sixteen(name), secret: fragment === undefined ? null : secret() };
    case "v": return { link: "voucher", node, id: sixteen(name), secret: secret() };
    case "t": return { link: "check_in", node, session: sixteen(name), code: secret() };
    case "i": return { link: "invitation", node, code: sixteen(name) };
    case "l": return { link: "lent_right", node, id: sixteen(name), code: secret() };
    default: return { link: "draft", node, id: sixteen(name) };
  }
}

function parseAlias(text: string): string {
  const alias = text.toLowerCase();
  if (!/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(alias)) {
    throw new LinkError("link_malformed", "an alias has 1 to 32 letters, digits and hyphens");
  }
  return alias;
}

function parseQuery(query: string): string {
  const [, whole, decimals] = /^amount=([0-9]{1,16})(?:[.,]([0-9]{1,4}))?$/.exec(query) ?? [];
  if (whole === undefined) throw new LinkError("link_malformed", "amount= and a number belong there, or nothing");
  return decimals === undefined ? whole : `${whole}.${decimals}`;
}

function unpack(payload: string): { prefix: string; bytes: Bytes } {
  const bytes = fromBase45(payload);
  if (!bytes || bytes.length < 8) throw new LinkError("link_malformed", "the code is cut off or changed");
  return { prefix: hex(bytes.slice(0, 8)), bytes: bytes.slice(8) };
}

function parsePayment(payload: string): Link {
  const { prefix, bytes } = unpack(payload);
  try {
    if (decodeEnvelope(bytes).entry.kind !== "pay") throw new LinkError("link_malformed", "it is no payment");
  } catch (error) {
    if (error instanceof Malformed) throw new LinkError("link_malformed", error.message);
    throw error;
  }
  return { link: "payment", ledger_prefix: prefix, envelope: hex(bytes) };
}

function parseCheckpoint(payload: string): Link {
  const { prefix, bytes } = unpack(payload);
  if (bytes.length !== 104) throw new LinkError("link_malformed", "a checkpoint has 112 bytes");
  const size = new DataView(bytes.buffer).getBigUint64(0);
  if (size > BigInt(INTEGER_MAX)) throw new LinkError("link_malformed", "the size is too large");
  const [root, signature] = [hex(bytes.slice(8, 40)), hex(bytes.slice(40))];
  return { link: "checkpoint", ledger_prefix: prefix, size: Number(size), root, signature };
}

/** Writes a code. */
export function printLink(link: Link): string {
  const id = (value: string) => base32(fromHex(value, 16));
  switch (link.link) {
    case "request": return `${link.node}/p/${id(link.id)}`;
    case "alias": return `${link.node}/to/${link.alias}${link.amount === null ? "" : `?amount=${link.amount}`}`;
    case "card": return `${link.node}/c/${id(link.id)}${link.secret === null ? "" : `#${id(link.secret)}`}`;
    case "voucher": return `${link.node}/v/${id(link.id)}#${id(link.secret)}`;
    case "check_in": return `${link.node}/t/${id(link.session)}#${id(link.code)}`;
    case "invitation": return `${link.node}/i/${id(link.code)}`;
    case "lent_right": return `${link.node}/l/${id(link.id)}#${id(link.code)}`;
    case "draft": return `${link.node}/d/${id(link.id)}`;
    case "payment": return `KLVP:${base45(concat(fromHex(link.ledger_prefix), fromHex(link.envelope)))}`;
    case "checkpoint": {
      const size = new Uint8Array(8);
      new DataView(size.buffer).setBigUint64(0, BigInt(link.size));
      return `KLVC:${base45(concat(fromHex(link.ledger_prefix), size, fromHex(link.root), fromHex(link.signature)))}`;
    }
    case "receipt": return link.file;
  }
}

/** Checks that a code is of this community. @throws LinkError `other_community`, saying whose it is */
export function checkCommunity(link: Link, home: string, ledger: string): void {
  const theirs = "ledger_prefix" in link ? link.ledger_prefix : "node" in link ? link.node : null;
  const ours = "ledger_prefix" in link ? ledger.slice(0, 16) : home;
  if (theirs !== null && theirs !== ours) throw new LinkError("other_community", `this code is of ${theirs}`, theirs);
}
