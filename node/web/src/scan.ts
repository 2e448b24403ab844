/**
 * Reading a code with the camera: by the phone's own reader where it has one, else by a small one in this page; by a
 * large one too when that has seen nothing for a while.
 */

/** When the large reader is fetched, in milliseconds. */
const LAST_AFTER = 2_000;

/** A camera that is being read. `stop` gives it back. */
export interface Scan {
  video: HTMLVideoElement;
  stop(): void;
}

type Detect = (video: HTMLVideoElement) => Promise<string | null>;

/** The reader of the phone itself: only if it says that it knows QR codes; that it exists says nothing. */
async function nativeReader(): Promise<Detect | null> {
  interface Detector { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }
  const make = (globalThis as { BarcodeDetector?: { new (options: object): Detector; getSupportedFormats(): Promise<string[]> } }).BarcodeDetector;
  const formats = (await make?.getSupportedFormats().catch(() => undefined)) ?? [];
  if (!make || !formats.includes("qr_code")) return null;
  const detector = new make({ formats: ["qr_code"] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
}

/** Makes of what reads a picture what reads the camera. */
function onPictures(read: (picture: ImageData) => string | null | Promise<string | null>): Detect {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const [width, height] = [video.videoWidth, video.videoHeight];
    if (!context || width === 0) return null;
    [canvas.width, canvas.height] = [width, height];
    context.drawImage(video, 0, 0);
    return read(context.getImageData(0, 0, width, height));
  };
}

const ownReader = async (): Promise<Detect> => onPictures((await import("./decoder.ts")).default);
const lastReader = async (): Promise<Detect> => onPictures((await import("./zxing.ts")).read);

/** Opens the camera and tells every code it sees. @throws when there is none, or it is not allowed */
export async function scan(found: (text: string) => void): Promise<Scan> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
  const video = document.createElement("video");
  video.srcObject = stream;
  video.muted = true;
  video.setAttribute("playsinline", "");
  await video.play();
  const readers = [(await nativeReader()) ?? (await ownReader())];
  let isOn = true;
  // Most codes are read long before the large reader is worth fetching.
  const late = setTimeout(() => void lastReader().then((reader) => readers.push(reader), () => undefined), LAST_AFTER);
  const look = async () => {
    if (!isOn) return;
    let text: string | null = null;
    for (const detect of readers) text ??= await detect(video).catch(() => null);
    if (text && isOn) found(text);
    setTimeout(() => void look(), 60);
  };
  void look();
  return {
    video,
    stop() {
      isOn = false;
      clearTimeout(late);
      for (const track of stream.getTracks()) track.stop();
    },
  };
}
