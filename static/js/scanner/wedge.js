/*
 * A scanner on the cable types what it reads, much faster than a hand, and presses Enter. Its keys
 * are collected wherever the focus is; what comes at a person's pace is left alone.
 */

const GAP = 120;
const SHORTEST = 6;

export function makeWedge(gap = GAP, shortest = SHORTEST) {
  let keys = "";
  let last = 0;

  return {
    /* The code that this key ends, or "". `now` in milliseconds. */
    press(key, now) {
      if (now - last > gap) {
        keys = "";
      }
      last = now;
      if (key === "Enter") {
        const code = keys.length >= shortest ? keys : "";
        keys = "";
        return code;
      }
      if (key.length === 1) {
        keys += key;
      }
      return "";
    },

    /* True while keys come too fast for a hand. */
    isTyping(now) {
      return keys.length > 1 && now - last <= gap;
    },
  };
}
