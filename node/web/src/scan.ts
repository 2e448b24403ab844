/** Reading a code with the camera: the phone's own reader where it has one, else a small one in this page. */

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

async function ownReader(): Promise<Detect> {
  const { default: decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const [width, height] = [video.videoWidth, video.videoHeight];
    if (!context || width === 0) return null;
    [canvas.width, canvas.height] = [width, height];
    context.drawImage(video, 0, 0);
    try {
      return decodeQR(context.getImageData(0, 0, width, height));
    } catch {
      return null;
    }
  };
}

/** Opens the camera and tells every code it sees. @throws when there is none, or it is not allowed */
export async function scan(found: (text: string) => void): Promise<Scan> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
  const video = document.createElement("video");
  video.srcObject = stream;
  video.muted = true;
  video.setAttribute("playsinline", "");
  await video.play();
  const detect = (await nativeReader()) ?? (await ownReader());
  let isOn = true;
  const look = async () => {
    if (!isOn) return;
    const text = await detect(video).catch(() => null);
    if (text && isOn) found(text);
    setTimeout(() => void look(), 60);
  };
  void look();
  return {
    video,
    stop() {
      isOn = false;
      for (const track of stream.getTracks()) track.stop();
    },
  };
}
