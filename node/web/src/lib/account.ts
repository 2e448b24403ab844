/** Account ids as text: bech32m (BIP 350) with prefix `klv`, in lower case only. */

import { type Bytes, fromHex, hex } from "./bytes.ts";

declare const brand: unique symbol;
/** An account: its 16 bytes in hexadecimal. */
export type AccountId = string & { readonly [brand]?: "account" };

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const PREFIX = "klv";
const CHECKSUM = 0x2bc830a3;

function polymod(values: readonly number[]): number {
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((generator, i) => {
      if ((top >> i) & 1) check ^= generator;
    });
  }
  return check >>> 0;
}

const EXPANDED = [...Array.from(PREFIX, (c) => c.charCodeAt(0) >> 5), 0, ...Array.from(PREFIX, (c) => c.charCodeAt(0) & 31)];

/** Regroups bits; null when the bits left over are not zero, or are a whole group. */
function regroup(values: Iterable<number>, from: number, to: number, pad: boolean): number[] | null {
  const groups: number[] = [];
  let held = 0;
  let count = 0;
  for (const value of values) {
    held = (held << from) | value;
    count += from;
    while (count >= to) {
      count -= to;
      groups.push((held >> count) & ((1 << to) - 1));
    }
    held &= (1 << count) - 1;
  }
  if (pad) {
    if (count > 0) groups.push((held << (to - count)) & ((1 << to) - 1));
    return groups;
  }
  return count < from && held === 0 ? groups : null;
}

/** Returns the text of an account: `klv1…`. */
export function accountText(account: AccountId): string {
  const data = regroup(fromHex(account, 16), 8, 5, true) as number[];
  const check = polymod([...EXPANDED, ...data, 0, 0, 0, 0, 0, 0]) ^ CHECKSUM;
  const sum = [25, 20, 15, 10, 5, 0].map((shift) => (check >>> shift) & 31);
  return `${PREFIX}1${[...data, ...sum].map((value) => ALPHABET[value]).join("")}`;
}

/** Reads the text of an account; null when prefix, case, length or checksum are wrong. */
export function parseAccount(text: string): AccountId | null {
  if (!text.startsWith(`${PREFIX}1`)) return null;
  const values = Array.from(text.slice(PREFIX.length + 1), (character) => ALPHABET.indexOf(character));
  if (values.includes(-1) || polymod([...EXPANDED, ...values]) !== CHECKSUM) return null;
  const bytes = regroup(values.slice(0, -6), 5, 8, false);
  return bytes?.length === 16 ? hex(Uint8Array.from(bytes) as Bytes) : null;
}
