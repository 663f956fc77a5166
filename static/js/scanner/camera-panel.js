/* The camera's part of the page: started by a press, its light, its brothers, and why it is dark. */
import { makeCamera, saidFault } from "./camera.js";
import { makeReader } from "./reader.js";

const LOOK_EVERY = 90;

/* `look(texts)` is told what is seen; nothing is read while `isBusy()`. */
export function makeCameraPanel(root, { look, isBusy }) {
  const find = (name) => root.querySelector(`[data-door-${name}]`);
  const video = find("video");
  const camera = makeCamera(video);
  const start = find("start");
  const torch = find("torch");
  const turn = find("turn");
  let reader = null;
  let looking = 0;
  let over = false;

  function say({ title, text }, label) {
    find("start-title").textContent = title;
    find("start-text").textContent = text;
    find("open-label").textContent = label;
    start.hidden = false;
  }

  async function ready() {
    start.hidden = true;
    torch.hidden = !camera.hasTorch;
    torch.setAttribute("aria-pressed", "false");
    turn.hidden = (await camera.count()) < 2;
  }

  async function open() {
    try {
      await camera.start();
      await ready();
    } catch (fault) {
      say(saidFault(fault), "Try again");
      return;
    }
    try {
      reader ??= await makeReader(root.dataset.wasm);
    } catch {
      camera.stop();
      say(saidFault({ name: "NoReader" }), "Try again");
      return;
    }
    clearTimeout(looking);
    lookOn();
  }

  async function lookOn() {
    if (over) {
      return;
    }
    if (camera.isOn && video.readyState >= video.HAVE_CURRENT_DATA && !isBusy()) {
      try {
        look(await reader(video));
      } catch {
        // One frame that couldn't be read: the next comes at once.
      }
    }
    looking = setTimeout(lookOn, LOOK_EVERY);
  }

  find("open").addEventListener("click", open);

  torch.addEventListener("click", async () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    try {
      await camera.light(on);
      torch.setAttribute("aria-pressed", String(on));
    } catch {
      torch.hidden = true;
    }
  });

  turn.addEventListener("click", async () => {
    try {
      await camera.turn();
      await ready();
    } catch (fault) {
      say(saidFault(fault), "Try again");
    }
  });

  document.addEventListener("visibilitychange", () => {
    // Phones take the camera away from what isn't in view.
    if (document.visibilityState === "visible" && start.hidden && !camera.isOn && !over) {
      open();
    }
  });

  return {
    /* At once where the browser needn't ask (or has no camera to give), else by a press. */
    async begin() {
      let state = "granted";
      if (navigator.mediaDevices?.getUserMedia) {
        try {
          ({ state } = await navigator.permissions.query({ name: "camera" }));
        } catch {
          // Not every browser tells.
          state = "prompt";
        }
      }
      if (state === "prompt") {
        const text = "The browser will ask whether it may use the camera.";
        say({ title: "", text }, "Start the camera");
      } else {
        // Where it is denied this says so, and what to do.
        await open();
      }
    },

    end() {
      over = true;
      camera.stop();
    },
  };
}
