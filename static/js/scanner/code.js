/* What was read or typed, as the server keeps it (tickets/codes.py): no blanks, no dashes, capitals. */

const LONGEST = 50;

export function cleaned(text) {
  return text
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .slice(0, LONGEST);
}

export function inGroups(code) {
  return code.replace(/(.{4})(?=.)/g, "$1 ");
}
