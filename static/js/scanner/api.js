/*
 * The API, asked by a member of staff (session cookie and CSRF token) or by a scanner link (its
 * token alone: whoever else is signed in on this phone doesn't count).
 */
import { Answer } from "./sender.js";

const ROOT = "/api/v1";

export function makeApi({ token = "", csrf = "" }) {
  const headers = token
    ? { Authorization: `Scanner ${token}` }
    : { "X-CSRFToken": csrf };

  async function ask(method, path, body, signal) {
    const response = await fetch(`${ROOT}${path}`, {
      method,
      signal,
      credentials: token ? "omit" : "same-origin",
      cache: "no-store",
      redirect: "error",
      headers: {
        Accept: "application/json",
        ...headers,
        ...(body ? { "Content-Type": "application/json" } : {}),
      },
      body: body ? JSON.stringify(body) : undefined,
    });
    let read = null;
    try {
      read = await response.json();
    } catch (fault) {
      if (signal?.aborted) {
        throw fault;
      }
      // Not ours: the page of some proxy, or an answer that was cut off.
    }
    return new Answer(response.status, read);
  }

  return {
    scan: (code, body, signal) =>
      ask("POST", `/admin/tickets/${encodeURIComponent(code)}/scan`, body, signal),
    undo: (id) => ask("POST", `/admin/tickets/scans/${id}/undo`, {}),
    counts: (event) => ask("GET", `/admin/events/${event}/door/counts`),
    link: () => ask("GET", "/admin/tickets/scanner-link"),
  };
}
