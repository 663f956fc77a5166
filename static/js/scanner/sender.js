/*
 * Sends one scan until the server has answered it. The scan's id is made before the first try and
 * stays the same in all of them: an answer that was lost on its way back is given again, and
 * nobody is let in twice. There is no verdict but the server's.
 */

const PATIENCE = 8000;
const WAITS = [500, 1000, 2000, 4000, 5000];
// How long a scan that was left unanswered keeps its id, should the same code be shown again.
const KEPT = 90_000;

/* What a try came to: an answer of the server, or why there is none (yet). */
export class Answer {
  constructor(status, body) {
    this.status = status;
    this.body = body;
  }

  /* A scan that the server has decided upon, one way or the other. */
  get isVerdict() {
    return (
      (this.status === 200 || this.status === 404 || this.status === 409) &&
      typeof this.body?.accepted === "boolean" &&
      this.body.accepted === (this.status === 200) &&
      // Our own mistake, judged by nobody.
      this.body.code !== "scan_id_reused"
    );
  }

  /* What the server says of it in words, or "". */
  get words() {
    return this.body?.errors?.[0]?.detail ?? "";
  }

  /* To be asked again: the server is busy, away, or something between us answered in its place. */
  get isPassing() {
    return (
      this.status === 408 ||
      this.status === 429 ||
      this.status >= 500 ||
      (this.status < 400 && !this.isVerdict)
    );
  }
}

export function makeIds(storage, now = Date.now) {
  const key = "scanner.unanswered";

  function read() {
    try {
      return JSON.parse(storage.getItem(key)) ?? {};
    } catch {
      return {};
    }
  }

  function write(kept) {
    try {
      storage.setItem(key, JSON.stringify(kept));
    } catch {
      // No storage: an id lives as long as its tries do.
    }
  }

  return {
    /* The id of a scan: that of the same scan left unanswered a moment ago, else a fresh one. */
    take(what) {
      const kept = Object.fromEntries(
        Object.entries(read()).filter(([, { at }]) => now() - at < KEPT),
      );
      kept[what] ??= { id: newId(), at: now() };
      write(kept);
      return kept[what].id;
    },

    answered(what) {
      const kept = read();
      delete kept[what];
      write(kept);
    },
  };
}

export function newId() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  // Insecure addresses have no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/*
 * `ask(signal)` does one try and resolves to an Answer or rejects when none came. `onTrouble(why)`
 * is told before each wait: "offline" or "busy". `signal` gives up.
 */
export async function sendUntilAnswered(ask, { onTrouble, signal, pause = wait }) {
  for (let tries = 0; ; tries += 1) {
    let why = "offline";
    try {
      const answer = await within(PATIENCE, signal, ask);
      if (!answer.isPassing) {
        return answer;
      }
      why = answer.status >= 400 ? "busy" : "offline";
    } catch (fault) {
      if (signal.aborted) {
        throw fault;
      }
    }
    onTrouble(why);
    await pause(WAITS[Math.min(tries, WAITS.length - 1)], signal);
  }
}

/* One try; no answer in time is no answer. (AbortSignal.any and .timeout miss on older phones.) */
async function within(milliseconds, signal, ask) {
  const turn = new AbortController();
  const stop = () => turn.abort();
  const timer = setTimeout(stop, milliseconds);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await ask(turn.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/* Ends early when the device says that it is online again. */
export function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const stop = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      reject(signal.reason);
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) {
      stop();
    }
  });
}
