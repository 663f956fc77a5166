/*
 * After htmx has swapped [data-choice] for another kind or number of tickets: say the sum, and keep
 * the focus on what was pressed (or on what stands in its place). What is pressed before the swap
 * has come is done after it: three quick taps on 'One more' are three more. Without a script the
 * links lead to the same page.
 */
(() => {
  "use strict";
  const said = document.querySelector("[data-choice-said]");
  const waiting = [];
  let key = "";

  /*
   * The swapped-out element is gone by then, so what it was is noted when it is pressed: on the way
   * down, before htmx hears of it.
   */
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("[data-choice] a[data-choice-key]");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) {
        return;
      }
      if (key) {
        event.preventDefault();
        event.stopImmediatePropagation();
        waiting.push(link.dataset.choiceKey);
        return;
      }
      key = link.dataset.choiceKey;
    },
    { capture: true },
  );

  // Back by the browser's cache: nothing is under way any more.
  window.addEventListener("pageshow", () => {
    key = "";
    waiting.length = 0;
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
    const next = waiting.shift();
    if (next) {
      box.querySelector(`a[data-choice-key="${next}"]`)?.click();
    }
  });
})();
