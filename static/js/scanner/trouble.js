/* What stands in the way of a verdict, below the camera. Never a verdict itself. */

const SAID_FOR = 6000;

export function makeTrouble(root) {
  const find = (name) => root.querySelector(`[data-door-trouble${name}]`);
  let timer = 0;

  function show(title, text, canLeave) {
    clearTimeout(timer);
    find("-title").textContent = title;
    find("-text").textContent = text;
    root.querySelector("[data-door-leave]").hidden = !canLeave;
    find("").hidden = false;
  }

  function hide() {
    clearTimeout(timer);
    find("").hidden = true;
  }

  return {
    /* As long as a scan is tried again. */
    wait(title) {
      show(title, "This ticket has no answer yet. Let nobody in for it.", true);
    },

    /* For a moment. */
    say(title, text) {
      show(title, text, false);
      timer = setTimeout(hide, SAID_FOR);
    },

    hide,
  };
}
