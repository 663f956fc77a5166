/* Keeps the screen on while the page is in view, on devices that can. */

let lock = null;

async function hold() {
  if (!navigator.wakeLock || document.visibilityState !== "visible" || (lock && !lock.released)) {
    return;
  }
  try {
    lock = await navigator.wakeLock.request("screen");
  } catch {
    // A low battery may refuse it: the screen then goes off as it always does.
  }
}

export function stayAwake() {
  hold();
  document.addEventListener("visibilitychange", hold);
}
