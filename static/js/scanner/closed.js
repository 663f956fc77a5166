/* Says in place of the desk why there is none (any more). `button` is {href, label}. */
export function showClosed(title, text, button) {
  const page = document.createElement("main");
  page.className = "door-closed";
  page.setAttribute("role", "alert");
  const heading = document.createElement("h1");
  heading.textContent = title;
  const words = document.createElement("p");
  words.textContent = text;
  page.append(heading, words);
  if (button) {
    const link = document.createElement("a");
    link.className = "door-button door-button-main";
    link.href = button.href;
    link.textContent = button.label;
    page.append(link);
  }
  document.querySelectorAll("main").forEach((main) => main.remove());
  document.body.prepend(page);
}
