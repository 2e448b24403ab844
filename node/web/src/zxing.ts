/** The third reader: larger than our own, and better with pictures that are blurred, tilted or dark. */

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

/** Where its program is; the build puts it among our own files, so that nobody else is asked. */
declare const ZXING: string;

prepareZXingModule({ overrides: { locateFile: () => ZXING } });

/** Reads a QR code from a picture; null when there is none. @throws when its program cannot be fetched */
export async function read(picture: ImageData): Promise<string | null> {
  const [found] = await readBarcodes(picture, { formats: ["QRCode"], maxNumberOfSymbols: 1 });
  return found?.isValid ? found.text : null;
}
