/*
 * The last ten scans of this device, the newest first, with undo for those that let somebody
 * through. Kept until the tab is closed, so that a reload doesn't lose them.
 */

const SHOWN = 10;
const UNDO_FOR = 15 * 60_000;
const ASK_FOR = 4000;
const KEPT = "scanner.last";

/* What is kept of a scan; `id` is the server's, null when there is nothing to undo. */
export function rowOf(told, answer, scan, now = Date.now()) {
  return {
    id: answer.accepted ? answer.scan.id : null,
    tone: told.tone,
    word: told.word,
    why: told.why,
    name: told.name || scan.code,
    kind: told.kind,
    at: now,
    undone: false,
  };
}

export function canUndo(row, now = Date.now()) {
  return row.id !== null && !row.undone && now - row.at < UNDO_FOR;
}

export function makeLast(root, { event, undo, onUndone }) {
  const list = root.querySelector("[data-door-rows]");
  const none = root.querySelector("[data-door-none]");
  const said = root.querySelector("[data-door-said]");
  let rows = restore();

  function restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT));
      return kept?.event === event ? kept.rows : [];
    } catch {
      return [];
    }
  }

  function keep() {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ event, rows }));
    } catch {
      // They last as long as the page does.
    }
  }

  function cell(name, text) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    return part;
  }

  function button(row) {
    const press = document.createElement("button");
    press.type = "button";
    press.className = "door-button door-undo";
    press.textContent = "Undo";
    press.setAttribute("aria-label", `Undo ${row.word} of ${row.name}`);
    let asked = 0;
    press.addEventListener("click", async () => {
      if (!asked) {
        // A wet thumb slips: a second press within a moment is meant.
        press.textContent = "Sure?";
        press.classList.add("is-asking");
        asked = setTimeout(() => {
          asked = 0;
          press.textContent = "Undo";
          press.classList.remove("is-asking");
        }, ASK_FOR);
        return;
      }
      clearTimeout(asked);
      press.disabled = true;
      press.textContent = "…";
      const why = await undo(row.id);
      if (why) {
        row.note = why;
      } else {
        row.undone = true;
        onUndone(row);
      }
      said.textContent = why || `Undone: ${row.name}`;
      keep();
      draw();
    });
    return press;
  }

  function drawn(row) {
    const item = document.createElement("li");
    item.className = "door-row";
    item.dataset.tone = row.undone ? "undone" : row.tone;
    const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
    const about = document.createElement("div");
    about.className = "door-row-about";
    const what = row.undone ? "undone" : [row.word, row.why].filter(Boolean).join(" · ");
    about.append(
      cell("door-row-name", row.name),
      cell("door-row-what", [time.format(row.at), row.kind, what].filter(Boolean).join(" · ")),
    );
    if (row.note) {
      about.append(cell("door-row-note", row.note));
    }
    item.append(cell("door-row-mark", ""), about);
    if (canUndo(row)) {
      item.append(button(row));
    }
    return item;
  }

  function draw() {
    none.hidden = rows.length > 0;
    list.replaceChildren(...rows.map(drawn));
  }

  draw();
  // An undo that has become too late goes away by itself.
  setInterval(() => {
    if (!list.contains(document.activeElement) && !list.querySelector(".is-asking")) {
      draw();
    }
  }, 30_000);

  return {
    add(row) {
      rows = [row, ...rows].slice(0, SHOWN);
      keep();
      draw();
    },
  };
}
