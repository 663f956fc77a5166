/*
 * The server's answer as it is shown: a tone (yes, no, again), one huge word, a few words why, whose
 * ticket and which kind. Nothing is decided here.
 */

const DONE = { check_in: "IN", check_out: "OUT", access: "PASS" };

const REASONS = {
  not_found: "Unknown code",
  wrong_event: "Wrong event",
  not_yet_valid: "Too early",
  expired: "Ticket expired",
  cancelled: "Ticket cancelled",
  refunded: "Ticket refunded",
  event_cancelled: "Event is cancelled",
  not_inside: "Not checked in",
};

const AGAIN = new Set(["already_used", "already_inside"]);

const KINDS = { standard: "Standard", vip: "VIP", early_bird: "Early bird", group: "Group" };

/* "14:02" by the event's clock; with the weekday when that was another day. */
export function timeOf(instant, zone, now = new Date()) {
  const at = new Date(instant);
  const say = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
  const time = say({ hour: "2-digit", minute: "2-digit" }).format(at);
  const day = say({ year: "numeric", month: "2-digit", day: "2-digit" });
  return day.format(at) === day.format(now)
    ? time
    : `${say({ weekday: "short" }).format(at)} ${time}`;
}

export function told(answer, { type, zone, now = new Date() }) {
  const { accepted, code, reason, ticket, attendee, scan, firstScan } = answer;
  const person = {
    name: attendee?.name ?? "",
    kind: ticket ? (ticket.ticketLabel ?? KINDS[ticket.ticketType] ?? "") : "",
  };
  if (accepted) {
    return { tone: "yes", word: DONE[scan?.scanType ?? type], why: "", ...person };
  }
  if (AGAIN.has(code)) {
    const first = [
      firstScan ? timeOf(firstScan.scannedAt, zone, now) : "",
      firstScan?.scanLocation ?? "",
    ];
    return { tone: "again", word: "ALREADY IN", why: first.filter(Boolean).join(", "), ...person };
  }
  let why = REASONS[code] ?? reason ?? "Not accepted";
  if (code === "not_yet_valid" && ticket?.validFrom) {
    why = `${why}: from ${timeOf(ticket.validFrom, zone, now)}`;
  }
  return { tone: "no", word: "NO", why, ...person };
}
