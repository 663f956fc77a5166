/*
 * After htmx has swapped [data-choice] for another kind or number of tickets: say the sum, and keep
 * the focus on what was pressed (or on what stands in its place). Without it the links lead to the
 * same page.
 */
(() => {
  "use strict";
  const said = document.querySelector("[data-choice-said]");
  let key = "";

  /* The swapped-out element is gone by then, so what it was is noted when it is pressed. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-choice] a[data-choice-key]");
    if (link) {
      key = link.dataset.choiceKey;
    }
  });

  /* Whatever isn't the box (an error, a lost line) is opened as the page that it is. */
  document.addEventListener("htmx:after:request", (event) => {
    const { request, response, text } = event.detail.ctx;
    if (response.status !== 200 || !text.includes("data-choice")) {
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
    const box = document.querySelector("[data-choice]");
    if (!box || !key) {
      return;
    }
    const same = box.querySelector(`[data-choice-key="${key}"]`);
    // At the end of the numbers the other step is the nearest thing to press.
    const near = box.querySelector(".stepper a");
    (same ?? near)?.focus({ preventScroll: true });
    said.textContent = box.dataset.said;
    key = "";
  });
})();
