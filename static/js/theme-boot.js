/*
 * Runs before the first paint, from the head: a stored choice of light or dark must be on <html>
 * before the browser paints, or the page flashes in the other one. Says also that scripts run.
 */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") {
      root.dataset.theme = chosen;
    }
  } catch {
    // Storage is switched off: the system's preference stands.
  }
})();
