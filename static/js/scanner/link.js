/*
 * The token of a scanner link. It comes behind the # of the address, which browsers send to no
 * server and no other site; from there it goes into the phone's own storage and out of the address.
 */

const KEPT = "scanner.link";

let unkept = "";

export function takeToken() {
  // As it is: our tokens need no decoding, and what was typed wrong must not end the page.
  const brought = location.hash.slice(1).trim();
  if (brought) {
    history.replaceState(null, "", location.pathname);
    unkept = brought;
    try {
      localStorage.setItem(KEPT, brought);
    } catch {
      // Without storage the link works until the page is closed.
    }
    return brought;
  }
  try {
    return localStorage.getItem(KEPT) ?? unkept;
  } catch {
    return unkept;
  }
}

export function forgetToken() {
  unkept = "";
  try {
    localStorage.removeItem(KEPT);
    sessionStorage.clear();
  } catch {
    // Nothing was kept.
  }
}
