/** Sheets of cards and vouchers, read as a scanner reads them. */

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Reads the codes of the first piece of every page of a printed sheet; `directory` is where its pictures may stand. */
export async function sheetCodes(directory: string, sheet: string): Promise<string[]> {
  const { default: decode } = await import("qr/decode.js");
  execFileSync("pdftoppm", ["-r", "200", "-gray", sheet, join(directory, "page")]);
  const found: string[] = [];
  for (const name of readdirSync(directory).filter((name) => name.endsWith(".pgm")).sort()) {
    const file = readFileSync(join(directory, name));
    rmSync(join(directory, name));
    const [, width, height] = /^P5\s(\d+)\s(\d+)\s255\s/.exec(file.subarray(0, 32).toString("latin1"))?.map(Number) ?? [];
    if (!width || !height) throw new Error("no picture");
    const dots = file.subarray(file.length - width * height);
    const mm = (length: number) => Math.round(length * 200 / 25.4);
    // The second face of the first piece: inside of a card, or the face of a voucher.
    const [left, top, side] = [mm(150), mm(12), mm(52)];
    const data = new Uint8Array(side * side * 4).fill(255);
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) data.fill(dots[(top + y) * width + left + x] ?? 255, (y * side + x) * 4, (y * side + x) * 4 + 3);
    found.push(decode({ width: side, height: side, data }));
  }
  return found;
}
