/*
 * Messages of the server, said as toasts: put into the polite live region once it is listening,
 * gone by themselves after a while. Errors stay until they are closed, and so does whatever the
 * pointer or the focus rests on.
 */
(() => {
  "use strict";
  const STAYS = 7000;
  const region = document.querySelector("[data-toasts]");
  if (!region) {
    return;
  }

  function leave(toast) {
    toast.classList.add("toast-leaving");
    setTimeout(() => toast.remove(), 200);
  }

  function show(toast) {
    toast.querySelector("[data-toast-close]").hidden = false;
    region.append(toast);
    if (toast.classList.contains("toast-error")) {
      return;
    }
    let timer = setTimeout(leave, STAYS, toast);
    const hold = () => clearTimeout(timer);
    const go = () => {
      hold();
      timer = setTimeout(leave, STAYS, toast);
    };
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusout", go);
  }

  region.addEventListener("click", (event) => {
    const close = event.target.closest("[data-toast-close]");
    if (close) {
      leave(close.closest(".toast"));
    }
  });

  // A live region says what is added after it was there; what came with the page is added again.
  const waiting = [...region.children];
  for (const toast of waiting) {
    toast.remove();
  }
  setTimeout(() => waiting.forEach(show), 100);
})();
