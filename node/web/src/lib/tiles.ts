/**
 * Proofs built from published tiles, where nobody makes them for us: the log of a ledger that has ended. Mirrors
 * `ledger/src/log/tiled.rs`. Nothing is believed here: a proof from wrong tiles does not verify.
 */

import type { Bytes } from "./bytes.ts";
import { nodeHash } from "./log.ts";

/** Hashes in a full tile, and the binary levels that it spans. */
const [WIDTH, HEIGHT] = [256, 8];

/** Fetches a tile by its path below the log's prefix, such as `tile/0/x001/067.p/112`. */
export type FetchTile = (path: string) => Promise<Bytes>;

/** Returns the path of the tile `number` of a level that has so many hashes. */
export function tilePath(level: number, number: number, width: number): string {
  const groups = String(number).replace(/\B(?=([0-9]{3})+$)/g, "/").split("/").map((group) => group.padStart(3, "0"));
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${level}/${name}${width === WIDTH ? "" : `.p/${width}`}`;
}

/**
 * Returns the proof that the log of `later` leaves continues that of `earlier` leaves, from tiles in the width they have
 * at `later` leaves. It is empty for sizes that no proof joins; null when a tile has another length than it must.
 */
export async function consistencyProof(earlier: number, later: number, fetch: FetchTile): Promise<Bytes[] | null> {
  if (earlier === 0 || later <= earlier) return [];
  const tiles = new Tiles(later, fetch);
  const proof: (Bytes | null)[] = [];
  // Descend to the node that ends where the old tree ends; what is passed by on the way makes the proof.
  let [start, end, isOldRoot] = [0, later, true];
  while (end !== earlier) {
    const middle = start + powerBelow(end - start);
    if (earlier <= middle) {
      proof.push(await tiles.subtree(middle, end));
      end = middle;
    } else {
      proof.push(await tiles.subtree(start, middle));
      [start, isOldRoot] = [middle, false];
    }
  }
  if (!isOldRoot) proof.push(await tiles.subtree(start, end));
  return proof.includes(null) ? null : (proof.reverse() as Bytes[]);
}

/** Returns the largest power of two below a number of leaves, which is at least 2. */
function powerBelow(leaves: number): number {
  let power = 1;
  while (power * 2 < leaves) power *= 2;
  return power;
}

class Tiles {
  readonly size: number;
  readonly fetch: FetchTile;
  readonly held = new Map<string, Promise<Bytes[] | null>>();

  constructor(size: number, fetch: FetchTile) {
    this.size = size;
    this.fetch = fetch;
  }

  /** Returns the hash of a node of the tree, which may end at its right edge. */
  async subtree(start: number, end: number): Promise<Bytes | null> {
    // Complete subtrees, the smallest and rightmost first, folded to the left.
    let rest = end - start;
    let hash: Bytes | null = null;
    for (let level = 0, leaves = 1; rest > 0; level++, leaves *= 2) {
      if (Math.floor(rest / leaves) % 2 === 0) continue;
      rest -= leaves;
      const left = await this.node(level, (start + rest) / leaves);
      if (!left) return null;
      hash = hash ? await nodeHash(left, hash) : left;
    }
    return hash;
  }

  /** Returns the root of the complete subtree `index` at a binary level. */
  async node(level: number, index: number): Promise<Bytes | null> {
    const first = index * 2 ** (level % HEIGHT);
    const rows = await this.tile(Math.floor(level / HEIGHT), Math.floor(first / WIDTH));
    let hashes = rows?.slice(first % WIDTH, (first % WIDTH) + 2 ** (level % HEIGHT)) ?? [];
    while (hashes.length > 1) {
      const pairs = hashes.filter((_, i) => i % 2 === 0).map((left, i) => nodeHash(left, hashes[2 * i + 1] as Bytes));
      hashes = await Promise.all(pairs);
    }
    return hashes[0] ?? null;
  }

  tile(level: number, number: number): Promise<Bytes[] | null> {
    const width = Math.min(Math.floor(this.size / WIDTH ** level) - number * WIDTH, WIDTH);
    const path = tilePath(level, number, width);
    const fetched = this.held.get(path) ?? this.fetch(path).then((bytes) => (bytes.length === width * 32
      ? Array.from({ length: width }, (_, i) => bytes.slice(i * 32, (i + 1) * 32)) : null));
    this.held.set(path, fetched);
    return fetched;
  }
}
