/*
 * After htmx has swapped the booking card for another day or month: say what it shows, keep the
 * focus where the person was, and on a phone bring the times into view.
 */
(() => {
  "use strict";
  const said = document.querySelector("[data-desk-said]");
  let where = "";

  /* The swapped-out element is gone by then, so what it was is noted when it is pressed. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-desk] a");
    if (!link) {
      return;
    }
    where = link.dataset.day ? "day" : (link.getAttribute("aria-label") ?? "next");
  });

  function stand(desk) {
    const chosen = desk.querySelector('a[data-day][aria-current="date"]');
    const same = [...desk.querySelectorAll(".calendar-head a")].find(
      (link) => link.getAttribute("aria-label") === where,
    );
    return where === "day" || where === "next" ? chosen : (same ?? chosen);
  }

  /* Whatever isn't the card (an error, a lost line) is opened as the page that it is. */
  document.addEventListener("htmx:after:request", (event) => {
    const { request, response, text } = event.detail.ctx;
    if (response.status !== 200 || !text.includes("data-desk")) {
      event.preventDefault();
      location.assign(request.action);
    }
  });
  document.addEventListener("htmx:error", (event) => {
    const action = event.detail.ctx?.request?.action;
    if (action) {
      location.assign(action);
    }
  });

  document.addEventListener("htmx:after:swap", () => {
    const desk = document.querySelector("[data-desk]");
    if (!desk || !where) {
      return;
    }
    stand(desk)?.focus({ preventScroll: true });
    said.textContent = desk.dataset.said;
    const times = desk.querySelector("[data-bring-into-view]");
    if (times && matchMedia("(width < 44rem)").matches) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      times.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
    }
    where = "";
  });
})();
