/*
 * A form is sent once. Its button shows that it works; a second press or Enter does nothing.
 * The server keeps its own promise with the idempotency key; this one only saves a wait.
 *
 * data-busy-label="Paying …" on a submit button: what it says meanwhile.
 * data-many on a form: may be sent again and again (downloads, searches).
 */
(() => {
  "use strict";
  const sent = new WeakSet();

  function work(button) {
    button.dataset.idleLabel = button.innerHTML;
    button.setAttribute("aria-busy", "true");
    if (button.dataset.busyLabel) {
      button.textContent = button.dataset.busyLabel;
    }
  }

  function rest(button) {
    button.removeAttribute("aria-busy");
    if (button.dataset.idleLabel !== undefined) {
      button.innerHTML = button.dataset.idleLabel;
      delete button.dataset.idleLabel;
    }
  }

  function release(form) {
    sent.delete(form);
    for (const button of document.querySelectorAll('[aria-busy="true"]')) {
      if (button.form === form) {
        rest(button);
      }
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog" || "many" in form.dataset) {
      return;
    }
    if (sent.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    sent.add(form);
    const button = event.submitter ?? form.querySelector('[type="submit"]');
    // Later: others may have stopped this submit (a question, a swap), and the pressed button's
    // name and value have been read by then, so changing it loses nothing.
    setTimeout(() => {
      if (event.defaultPrevented) {
        sent.delete(form);
      } else if (button) {
        work(button);
      }
    });
  });

  // Back from the next page by the browser's cache: everything must be pressable again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      for (const form of document.forms) {
        release(form);
      }
    }
  });

  // A fragment that was swapped in answers the form that asked for it.
  document.addEventListener("htmx:after:request", (event) => {
    const form = event.target.closest?.("form");
    if (form) {
      release(form);
    }
  });
})();
