/*
 * The visitor's own time beside the place's, where the two differ. Times stay the place's.
 *
 * [data-zone="Europe/Berlin"][data-at=instant] gets ' (yours: New York, −6 h)'.
 * [data-local-time=instant][data-zone-of="Europe/Berlin"] gets '(03:00 where you are)'.
 */
(() => {
  "use strict";
  const MINUTE = 60_000;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

  /* Minutes ahead of UTC at that instant. */
  function offset(zone, at) {
    const parts = {};
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    for (const { type, value } of format.formatToParts(at)) {
      parts[type] = Number(value);
    }
    const wall = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute);
    return Math.round((wall - Math.floor(at.getTime() / MINUTE) * MINUTE) / MINUTE);
  }

  function difference(zone, at) {
    return offset(own, at) - offset(zone, at);
  }

  function hours(minutes) {
    const sign = minutes < 0 ? "−" : "+";
    const whole = Math.floor(Math.abs(minutes) / 60);
    const rest = Math.abs(minutes) % 60;
    return `${sign}${whole}${rest ? `:${String(rest).padStart(2, "0")}` : ""}\u00a0h`;
  }

  function place() {
    return own.split("/").at(-1).replaceAll("_", " ");
  }

  function tellZone(box) {
    const apart = difference(box.dataset.zone, new Date(box.dataset.at));
    if (apart !== 0) {
      box.textContent = ` (yours: ${place()}, ${hours(apart)})`;
      box.hidden = false;
    }
  }

  function tellTime(box) {
    const at = new Date(box.dataset.localTime);
    if (difference(box.dataset.zoneOf, at) === 0) {
      return;
    }
    const day = (zone) =>
      new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "numeric" }).format(at);
    const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(at);
    const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short" }).format(at);
    const isOtherDay = day(own) !== day(box.dataset.zoneOf);
    box.textContent = ` (${isOtherDay ? `${weekday} ` : ""}${time} where you are, in ${place()})`;
    box.hidden = false;
  }

  function tell() {
    document.querySelectorAll("[data-zone][data-at]").forEach(tellZone);
    document.querySelectorAll("[data-local-time]").forEach(tellTime);
  }

  if (own) {
    tell();
    document.addEventListener("htmx:after:swap", tell);
  }
})();
