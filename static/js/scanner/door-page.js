/* The door's desk: camera, typed codes and wedge in; verdict, last scans and numbers out. */
import { stayAwake } from "./awake.js";
import { makeCameraPanel } from "./camera-panel.js";
import { showClosed } from "./closed.js";
import { cleaned, inGroups } from "./code.js";
import { makeDesk } from "./desk.js";
import { feel, unlockSound } from "./feel.js";
import { makeLast, rowOf } from "./last.js";
import { forgetToken } from "./link.js";
import { makeMemory } from "./memory.js";
import { makeIds } from "./sender.js";
import { remember, remembered } from "./setup.js";
import { makeTrouble } from "./trouble.js";
import { told } from "./verdict.js";
import { makeVerdictScreen } from "./verdict-screen.js";
import { makeWedge } from "./wedge.js";

const COUNT_EVERY = 10_000;
/* In a dense queue every phone scans each second; the numbers needn't run along. */
const COUNT_AGAIN_AFTER = 2_000;

export function openDoor(root, api, { isLink }) {
  const { event, zone, gate } = root.dataset;
  const find = (name) => root.querySelector(`[data-door-${name}]`);
  const form = find("form");
  const field = find("code");
  const screen = makeVerdictScreen(root);
  const trouble = makeTrouble(root);
  const memory = makeMemory();
  const wedge = makeWedge();
  let isOver = false;

  const type = () => new FormData(form).get("type");

  // --- What the server says ------------------------------------------------------------------

  function end(answer) {
    if (isOver) {
      return;
    }
    isOver = true;
    panel.end();
    if (isLink) {
      forgetToken();
      const words = `${answer.words} Ask who runs the door for a new one.`;
      showClosed("This link has ended", words.trim());
      return;
    }
    const here = encodeURIComponent(location.pathname + location.search);
    showClosed("You are signed out", "Sign in again, then go on at the same door.", {
      href: `/accounts/login/?next=${here}`,
      label: "Sign in",
    });
  }

  const last = makeLast(root, {
    event,
    async undo(id) {
      let answer;
      try {
        answer = await api.undo(id);
      } catch {
        return "No connection: not undone. Try again.";
      }
      if (answer.status === 401) {
        end(answer);
      }
      return answer.status === 200 ? "" : answer.words || "Not undone. Try again.";
    },
    onUndone() {
      memory.forget();
      count();
    },
  });

  function settled() {
    trouble.hide();
    find("checking").hidden = true;
  }

  const desk = makeDesk({
    ask: api.scan,
    ids: makeIds(window.sessionStorage),
    on: {
      asking() {
        settled();
        screen.hide();
        find("checking").hidden = false;
      },
      trouble(why) {
        trouble.wait(why === "offline" ? "No connection, trying again" : "Very busy, trying again");
      },
      verdict(answer, scan) {
        settled();
        const verdict = told(answer, { type: scan.type, zone });
        screen.show(verdict);
        feel(verdict.tone);
        last.add(rowOf(verdict, answer, scan));
        countSoon();
      },
      ended: end,
      fault(answer, scan) {
        settled();
        feel("no");
        memory.forget();
        trouble.say("Not checked", answer.words || `The server said ${answer.status}.`);
        field.value ||= inGroups(scan.code);
      },
      left() {
        settled();
        memory.forget();
        trouble.say("Left without an answer", "Show the ticket again when there is a connection.");
      },
    },
  });

  find("leave").addEventListener("click", () => desk.leave());

  let isCounting = false;
  let isOutdated = false;

  let countedAt = -Infinity;
  let soon = null;

  /* Count now, or when the last counting is long enough ago. */
  function countSoon() {
    const wait = countedAt + COUNT_AGAIN_AFTER - performance.now();
    if (wait <= 0) {
      count();
    } else {
      soon ??= setTimeout(() => {
        soon = null;
        count();
      }, wait);
    }
  }

  /* How many are in; an answer that fails is left for the next time. */
  async function count() {
    if (isOver || document.visibilityState !== "visible") {
      return;
    }
    isOutdated = isCounting;
    if (isCounting) {
      return;
    }
    isCounting = true;
    countedAt = performance.now();
    try {
      const answer = await api.counts(event);
      if (answer.status === 200 && answer.body) {
        find("inside").textContent = answer.body.inside;
        find("expected").textContent = answer.body.expected;
        find("counts").hidden = false;
      } else if (answer.status === 401) {
        end(answer);
      }
    } catch {
      // The numbers stay as they were.
    } finally {
      isCounting = false;
    }
    if (isOutdated) {
      count();
    }
  }

  // --- What is shown to it -------------------------------------------------------------------

  const scan = (code) => desk.scan(code, { type: type(), event: Number(event), gate });

  /* By hand or by wire: each press counts. */
  function take(text) {
    const code = cleaned(text);
    if (!code || isOver) {
      return;
    }
    if (desk.isBusy) {
      feel("no");
      return;
    }
    unlockSound();
    scan(code);
  }

  /* By the camera: what stays in view counts once. */
  function look(texts) {
    for (const code of texts.map(cleaned).filter(Boolean)) {
      // What comes while the last one is asked about is looked at again afterwards.
      if (!desk.isBusy && !isOver && memory.isNew(code, performance.now())) {
        scan(code);
      }
    }
  }

  const panel = makeCameraPanel(root, { look, isBusy: () => desk.isBusy });

  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    if (desk.isBusy) {
      feel("no");
      return;
    }
    const text = field.value;
    field.value = "";
    // On a phone the keyboard would lie over the verdict.
    if (matchMedia("(pointer: coarse)").matches) {
      field.blur();
    }
    take(text);
  });

  function keepDoor() {
    remember(isLink ? { ...remembered(), linkType: type() } : { event, gate, type: type() });
  }

  form.addEventListener("change", (changed) => {
    if (changed.target.name === "type") {
      memory.forget();
      keepDoor();
    }
  });

  document.addEventListener(
    "keydown",
    (pressed) => {
      if (pressed.target === field || pressed.ctrlKey || pressed.metaKey || pressed.altKey) {
        return;
      }
      const now = performance.now();
      const code = wedge.press(pressed.key, now);
      if (code || wedge.isTyping(now)) {
        // Neither does its Enter press the button that has the focus, nor its letters do anything.
        pressed.preventDefault();
        pressed.stopPropagation();
      }
      if (code) {
        take(code);
      }
    },
    { capture: true },
  );

  document.addEventListener("pointerdown", unlockSound, { passive: true });
  document.addEventListener("keydown", unlockSound);
  document.addEventListener("visibilitychange", count);

  keepDoor();
  stayAwake();
  panel.begin();
  count();
  setInterval(count, COUNT_EVERY);
}
