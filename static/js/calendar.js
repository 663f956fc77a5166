/*
 * [data-calendar]: the arrow keys move between the free days of the month, Home and End within
 * them. The days are plain links and stay reachable by Tab, with and without this file.
 * [data-bring-into-view]: on a phone the chosen day's times are brought into view.
 */
(() => {
  "use strict";
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

  function target(days, from, key) {
    if (key === "Home") {
      return days[0];
    }
    if (key === "End") {
      return days.at(-1);
    }
    const wanted = Date.parse(from.dataset.day) + STEPS[key] * 86_400_000;
    const forward = STEPS[key] > 0;
    const ahead = days.filter((day) =>
      forward ? Date.parse(day.dataset.day) >= wanted : Date.parse(day.dataset.day) <= wanted,
    );
    return forward ? ahead[0] : ahead.at(-1);
  }

  document.addEventListener("keydown", (event) => {
    const day = event.target.closest?.("[data-calendar] a[data-day]");
    if (!day || !(event.key in STEPS || event.key === "Home" || event.key === "End")) {
      return;
    }
    const days = [...day.closest("[data-calendar]").querySelectorAll("a[data-day]")];
    const next = target(days, day, event.key);
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  const shown = document.querySelector("[data-bring-into-view]");
  if (shown && matchMedia("(width < 44rem)").matches) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    shown.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
  }
})();
