/* A scanner link's page: asks first what the link is for, then becomes the door's desk. */
import { makeApi } from "./api.js";
import { showClosed } from "./closed.js";
import { openDoor } from "./door-page.js";
import { forgetToken, takeToken } from "./link.js";
import { remembered } from "./setup.js";

const AGAIN_AFTER = 3000;

export async function openLink(template) {
  // Another link, opened where this page already stands: only the # changes, nothing is loaded.
  addEventListener("hashchange", () => location.reload());
  const token = takeToken();
  if (!token) {
    showClosed(
      "No scanner link",
      "This page opens with a scanner link: let a manager show its QR code, and read it with this phone's camera.",
    );
    return;
  }
  const api = makeApi({ token });
  const answer = await whatFor(api);
  if (answer.status === 401 || answer.status === 403) {
    forgetToken();
    showClosed("This link has ended", `${answer.words} Ask who runs the door for a new one.`.trim());
    return;
  }
  if (answer.status !== 200) {
    showClosed("This link can't be opened", answer.words || `The server said ${answer.status}.`);
    return;
  }
  const root = filledIn(template, answer.body);
  document.title = `Scanner: ${answer.body.event.name}`;
  document.querySelector("main").replaceWith(root);
  openDoor(root, api, { isLink: true });
}

/* The server's word; asked again until there is one. */
async function whatFor(api) {
  for (;;) {
    try {
      const answer = await api.link();
      if (!answer.isPassing || (answer.status === 200 && answer.body?.event)) {
        return answer;
      }
    } catch {
      // No connection.
    }
    document.querySelector("[data-door-closed-title]").textContent = "No connection, trying again";
    document.querySelector("[data-door-closed-text]").textContent = "The link is kept on this phone.";
    await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
  }
}

function filledIn(template, { event, gate, expiresAt }) {
  const root = template.content.cloneNode(true).querySelector("main");
  const find = (name) => root.querySelector(`[data-door-${name}]`);
  Object.assign(root.dataset, { event: event.id, zone: event.timezone, gate });
  find("event").textContent = event.name;
  find("gate").textContent = gate || "No gate named";
  const until = new Intl.DateTimeFormat("en-GB", {
    timeZone: event.timezone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  find("until").textContent = `This link scans until ${until.format(new Date(expiresAt))}.`;
  const type = remembered().linkType;
  root.querySelectorAll('[name="type"]').forEach((radio) => {
    radio.checked = type ? radio.value === type : radio.defaultChecked;
  });
  find("forget").addEventListener("click", () => {
    forgetToken();
    location.reload();
  });
  return root;
}
