/*
 * <a href="/a/page" data-dialog="id"> opens <dialog id="id"> where there is one; without a script,
 * or without the dialog, the link leads to its page. [data-dialog-close] and a click on what is
 * behind close it. The browser keeps the focus inside and gives it back.
 */
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog?.showModal) {
        event.preventDefault();
        dialog.showModal();
      }
      return;
    }
    if (event.target.closest("[data-dialog-close]")) {
      const dialog = event.target.closest("dialog");
      if (dialog) {
        event.preventDefault();
        dialog.close();
      }
      return;
    }
    // Its content fills the dialog: only the backdrop is the dialog itself.
    if (event.target instanceof HTMLDialogElement && event.target.open) {
      event.target.close();
    }
  });
})();
