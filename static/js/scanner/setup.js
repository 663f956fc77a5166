/*
 * Which door: chosen once, remembered on this device. Who comes back goes straight to the same door
 * as long as it is offered.
 */

const KEPT = "scanner.door";

export function remember(door) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(door));
  } catch {
    // It is asked again next time.
  }
}

export function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

export function choose(root) {
  const form = root.querySelector("form");
  const kept = remembered();
  const same = form?.querySelector(`[name="event"][value="${CSS.escape(kept.event ?? "")}"]`);
  if (!same) {
    return;
  }
  same.checked = true;
  form.elements.gate.value ||= kept.gate ?? "";
  const type = [...form.elements.type].find((radio) => radio.value === kept.type);
  if (type) {
    type.checked = true;
  }
  if (!("change" in root.dataset)) {
    const query = new URLSearchParams(new FormData(form));
    location.replace(`${form.action}?${query}`);
  }
}
