/* The camera: which one, its light, its picture, and what to say when there is none. */

const KEPT = "scanner.camera";

/* Why there is no picture, and what to do about it. */
export function saidFault(fault) {
  switch (fault?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return {
        title: "The camera isn't allowed",
        text: "Allow it for this site: tap the sign beside the address, choose the camera, then try again. Typed codes work meanwhile.",
      };
    case "NotFoundError":
    case "OverconstrainedError":
      return {
        title: "No camera here",
        text: "This device has no camera that the browser can use. Type the codes, or connect a scanner.",
      };
    case "NotReadableError":
    case "AbortError":
      return {
        title: "The camera is busy",
        text: "Another app seems to use it. Close that one, then try again. Typed codes work meanwhile.",
      };
    case "InsecureAddress":
      return {
        title: "This address isn't secure",
        text: "Browsers give the camera to https:// addresses only. Ask for the right address; typed codes work here.",
      };
    case "NoReader":
      return {
        title: "Codes can't be read here",
        text: "A part of this page didn't load. Try again when the connection is better; typed codes work meanwhile.",
      };
    default:
      return {
        title: "The camera doesn't start",
        text: "Try again, or type the codes.",
      };
  }
}

function kept() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

function keep(id) {
  try {
    localStorage.setItem(KEPT, id);
  } catch {
    // The next visit begins with the camera at the back again.
  }
}

export function makeCamera(video) {
  let stream = null;

  const track = () => stream?.getVideoTracks()[0];

  async function cameras() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput");
  }

  async function open(id) {
    if (!navigator.mediaDevices?.getUserMedia) {
      const fault = new Error("no mediaDevices");
      fault.name = window.isSecureContext ? "NotFoundError" : "InsecureAddress";
      throw fault;
    }
    stop();
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const which = id ? { deviceId: { exact: id } } : { facingMode: { ideal: "environment" } };
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, ...which } });
    video.srcObject = stream;
    await video.play();
  }

  function stop() {
    stream?.getTracks().forEach((one) => one.stop());
    stream = null;
    video.srcObject = null;
  }

  return {
    /* Rejects with the browser's reason; see saidFault. */
    async start() {
      const id = kept();
      try {
        await open(id);
      } catch (fault) {
        if (!id || fault.name === "NotAllowedError") {
          throw fault;
        }
        // The camera of last time isn't there any more.
        keep("");
        await open("");
      }
    },

    stop,

    get isOn() {
      return track()?.readyState === "live";
    },

    get hasTorch() {
      return Boolean(track()?.getCapabilities?.().torch);
    },

    async light(on) {
      await track()?.applyConstraints({ advanced: [{ torch: on }] });
    },

    async count() {
      return (await cameras()).length;
    },

    /* The next of several cameras, in a circle. */
    async turn() {
      const ids = (await cameras()).map((device) => device.deviceId);
      const next = ids[(ids.indexOf(track()?.getSettings().deviceId) + 1) % ids.length];
      await open(next);
      keep(next);
    },
  };
}
