/*
 * The switch between light and dark: every [data-theme-switch] button.
 * Choosing what the system prefers anyway forgets the choice, so the page follows the system again.
 */
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const switches = () => document.querySelectorAll("[data-theme-switch]");
  const preferred = () => (system.matches ? "dark" : "light");
  const shown = () => root.dataset.theme ?? preferred();

  function label() {
    const now = shown();
    const other = now === "dark" ? "light" : "dark";
    for (const button of switches()) {
      button.hidden = false;
      button.dataset.shows = now;
      button.setAttribute("aria-label", `Switch to ${other} colours`);
      button.title = `Switch to ${other} colours`;
    }
  }

  function choose(theme) {
    const follows = theme === preferred();
    if (follows) {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = theme;
    }
    try {
      if (follows) {
        localStorage.removeItem("theme");
      } else {
        localStorage.setItem("theme", theme);
      }
    } catch {
      // Storage is switched off: the choice holds for this page.
    }
    label();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) {
      choose(shown() === "dark" ? "light" : "dark");
    }
  });
  system.addEventListener("change", label);
  label();
})();
