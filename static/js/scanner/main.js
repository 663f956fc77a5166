/*
 * The door's pages: which door (staff), the door for staff, or the door of a scanner link, which
 * asks the server first what it is for.
 */
import { makeApi } from "./api.js";
import { openDoor } from "./door-page.js";
import { openLink } from "./link-page.js";
import { choose } from "./setup.js";

const choice = document.querySelector("[data-door-choice]");
const template = document.querySelector("template[data-door-page]");
const staff = document.querySelector('main[data-mode="staff"]');

if (choice) {
  choose(choice);
} else if (template) {
  openLink(template);
} else if (staff) {
  const csrf = staff.querySelector("[name=csrfmiddlewaretoken]").value;
  openDoor(staff, makeApi({ csrf }), { isLink: false });
}
