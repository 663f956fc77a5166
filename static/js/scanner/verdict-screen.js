/* A verdict over the whole screen, for a moment or until it is touched. */

export const SHOWN = 1500;

export function makeVerdictScreen(root) {
  const box = root.querySelector("[data-door-verdict]");
  const inner = root.querySelector("[data-door-verdict-in]");
  let timer = 0;

  function hide() {
    clearTimeout(timer);
    box.hidden = true;
  }

  function line(name, text) {
    const paragraph = document.createElement("p");
    paragraph.className = name;
    paragraph.textContent = text;
    return paragraph;
  }

  box.addEventListener("click", hide);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      hide();
    }
  });

  return {
    show({ tone, word, why, name, kind }) {
      const icon = root.querySelector(`template[data-door-icon="${tone}"]`).content.cloneNode(true);
      const huge = line("door-word", word);
      huge.dataset.letters = String(word.length);
      const parts = [
        huge,
        ...(why ? [line("door-why", why)] : []),
        ...(name ? [line("door-name", name)] : []),
        ...(kind ? [line("door-kind", kind)] : []),
      ];
      box.dataset.tone = tone;
      inner.replaceChildren(icon, ...parts);
      box.hidden = false;
      clearTimeout(timer);
      timer = setTimeout(hide, SHOWN);
    },
    hide,
  };
}
