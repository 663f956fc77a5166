/*
 * A camera sees the same code many times a second. A code is new when it hasn't been in view for
 * `quiet` milliseconds: as long as a ticket is held before the camera, it counts once. Several
 * codes in view (a sheet of tickets) are remembered each for itself.
 */

export const QUIET = 3000;

export function makeMemory(quiet = QUIET) {
  const seen = new Map();

  return {
    /* True when this code is to be acted upon. `now` in milliseconds. */
    isNew(code, now) {
      for (const [other, at] of seen) {
        if (now - at >= quiet) {
          seen.delete(other);
        }
      }
      const fresh = !seen.has(code);
      seen.set(code, now);
      return fresh;
    },

    /* After another direction or a step back the same ticket may be shown again at once. */
    forget() {
      seen.clear();
    },
  };
}
