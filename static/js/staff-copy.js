/* [data-copy] copies what stands in [data-copy-from] beside it. Without it the text can be marked. */
(() => {
  "use strict";
  const button = document.querySelector("[data-copy]");
  const field = document.querySelector("[data-copy-from]");
  field?.addEventListener("focus", () => field.select());
  if (!button || !navigator.clipboard) {
    return;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      field.select();
    }
  });
})();
