/*
 * [data-countdown] with data-until and data-now (both ISO instants, both the server's): the time
 * left, ticking, and a ring that shrinks. The visitor's own clock only measures what has passed
 * since the page came, so a wrong clock does no harm.
 *
 * Inside: [data-countdown-left] gets '12:41', [data-countdown-said] (polite) the minutes worth
 * saying, [data-countdown-over] is shown at the end instead of [data-countdown-going].
 * data-reload: the page is fetched again at the end, to say what became of the hold.
 */
(() => {
  "use strict";
  const SAY_AT = [300, 60];
  const started = new WeakMap();

  function begin(box) {
    const state = {
      at: performance.now(),
      total: (Date.parse(box.dataset.until) - Date.parse(box.dataset.now)) / 1000,
      whole: Number(box.dataset.seconds) || 0,
      said: new Set(),
      over: false,
    };
    started.set(box, state);
    return state;
  }

  function written(seconds) {
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    const rest = String(seconds % 60).padStart(2, "0");
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  }

  function say(box, state, seconds) {
    const due = SAY_AT.find((mark) => seconds <= mark && seconds > mark - 5);
    if (due && !state.said.has(due)) {
      state.said.add(due);
      const minutes = due / 60;
      box.querySelector("[data-countdown-said]").textContent =
        minutes === 1 ? "1 minute left" : `${minutes} minutes left`;
    }
  }

  function end(box, state) {
    state.over = true;
    box.classList.add("countdown-over");
    box.querySelector("[data-countdown-going]").hidden = true;
    box.querySelector("[data-countdown-over]").hidden = false;
    if ("reload" in box.dataset) {
      // A moment later: the server must have seen the end as well.
      setTimeout(() => location.reload(), 2000);
    }
  }

  function tick() {
    for (const box of document.querySelectorAll("[data-countdown]")) {
      const state = started.get(box) ?? begin(box);
      if (state.over || Number.isNaN(state.total)) {
        continue;
      }
      const left = Math.max(0, Math.ceil(state.total - (performance.now() - state.at) / 1000));
      box.querySelector("[data-countdown-left]").textContent = written(left);
      box.style.setProperty("--part-left", String(left / Math.max(state.whole, state.total, 1)));
      say(box, state, left);
      if (left === 0) {
        end(box, state);
      }
    }
  }

  tick();
  setInterval(tick, 1000);
})();
