/*
 * Finds QR codes in a picture: the browser's own detector where it has one for QR codes, else
 * zxing-wasm, which is fetched only then.
 */

const WIDEST = 960;

async function nativeReader() {
  if (!("BarcodeDetector" in window)) {
    return null;
  }
  try {
    const formats = await BarcodeDetector.getSupportedFormats();
    if (!formats.includes("qr_code")) {
      return null;
    }
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video)).map((found) => found.rawValue);
  } catch {
    // Some systems have the detector and miss the service behind it.
    return null;
  }
}

async function zxingReader(wasm) {
  const zxing = await import("../../vendor/zxing-wasm/reader/index.js");
  await zxing.prepareZXingModule({
    overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasm : prefix + path) },
    fireImmediately: true,
  });
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, WIDEST / Math.max(video.videoWidth, video.videoHeight));
    const [width, height] = [video.videoWidth, video.videoHeight].map((side) =>
      Math.round(side * scale),
    );
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    pen.drawImage(video, 0, 0, width, height);
    const found = await zxing.readBarcodes(pen.getImageData(0, 0, width, height), {
      formats: ["QRCode"],
      tryHarder: true,
      maxNumberOfSymbols: 4,
    });
    return found.filter((code) => code.isValid).map((code) => code.text);
  };
}

/* Resolves to a function that takes a playing video and resolves to the texts of its codes. */
export async function makeReader(wasm) {
  return (await nativeReader()) ?? (await zxingReader(wasm));
}
