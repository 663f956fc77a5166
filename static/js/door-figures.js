/*
 * [data-door-figures] fetches itself anew from data-url every few seconds while it is in view.
 * When it can't, [data-door-stale] says that the figures are old.
 */
(() => {
  "use strict";
  const EVERY = 5000;
  const box = document.querySelector("[data-door-figures]");
  const stale = document.querySelector("[data-door-stale]");
  if (!box) {
    return;
  }

  async function look() {
    if (document.visibilityState === "visible") {
      try {
        const response = await fetch(box.dataset.url, { cache: "no-store", redirect: "error" });
        if (!response.ok) {
          throw new Error(String(response.status));
        }
        box.innerHTML = await response.text();
        stale.hidden = true;
        box.classList.remove("is-stale");
      } catch {
        stale.hidden = false;
        box.classList.add("is-stale");
      }
    }
    setTimeout(look, EVERY);
  }

  setTimeout(look, EVERY);
})();
