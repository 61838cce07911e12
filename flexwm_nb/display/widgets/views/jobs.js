/** Runs as a table: live, to filter, sort, open, cancel and run again, page by page. */
import { DONE, STATES, button, h, moment, say, short, shown, span, undisturbed, walked } from "./dom.js";
import { everySecond } from "./clock.js";

const REST = 250; // milliseconds after the last key before a filter is asked for
const ORDER = new Intl.Collator();
const EVERY = 2; // seconds between two looks at what is new, while somebody sees the table
const BY_ENGINE = "created"; // the column by which an engine sorts all runs; the others sort the rows shown
const COLUMNS = [
  ["state", "State", (row) => STATES_IN_ORDER.indexOf(row.state)],
  ["path", "Path", (row) => row.path],
  ["created", "Created", (row) => row.created],
  ["seconds", "Ran", (row) => row.seconds ?? -1],
  ["queued", "Queued", (row) => row.queued ?? -1],
  ["language", "Language", (row) => row.language],
  ["by", "By", (row) => row.by],
];
const EXTRA = new Set(["queued", "language", "by"]); // left out where there is no room
const NUMERIC = new Set(["seconds", "queued"]);
const STATES_IN_ORDER = ["queued", "running", "failure", "canceled", "success"];

/**
 * The state: `rows`, newest first or, where `oldest` says so, oldest first, each `{id, path, state, created, queued, seconds, language, by, again}`; `more`,
 * whether there are further ones; `left`, how many of the first ones made room for them; `filter`, the text and state that were asked for; `open`, the id of the run shown below;
 * `notice`. It sends `refresh`, `filter`, `order`, `more`, `newest`, `open`, `cancel` and `rerun`.
 * @type {import("./dom.js").View}
 */
export function jobsView(model, element) {
  const ui = (model.ui.jobs ??= { sort: "", down: false, asked: new Set() });
  const search = h("input", { class: "fx-search", type: "search", placeholder: "Path contains", "aria-label": "Path contains", value: model.state.filter?.text ?? "", oninput: () => later(), onkeydown: (event) => event.stopPropagation() });
  const states = h("select", { class: "fx-choice", "aria-label": "State", onchange: () => ask() },
    h("option", { value: "" }, "all states"), STATES_IN_ORDER.map((state) => h("option", { value: state }, `${STATES[state][1]} ${STATES[state][0]}`)));
  states.value = model.state.filter?.state ?? "";
  const count = h("span", { class: "fx-muted", role: "status" });
  const head = h("tr", {}, COLUMNS.map(([name, title]) => h("th", { scope: "col", "data-column": name, class: [EXTRA.has(name) && "fx-extra", NUMERIC.has(name) && "fx-numeric"].filter(Boolean).join(" ") }, h("button", { type: "button", class: "fx-sort", title: name === BY_ENGINE ? "Sort all runs: newest or oldest first" : `Sort the rows shown by ${title}; all runs are sorted by Created alone`, onclick: () => sorted(name) }, title))), h("th", { scope: "col", class: "fx-job-actions" }, h("span", { class: "fx-unseen" }, "Actions")));
  const body = h("tbody");
  const none = h("div", { class: "fx-muted fx-none" }, "no runs");
  const more = button("", "Show more", () => { if (more.ariaDisabled !== "true") model.send({ act: "more" }); more.ariaDisabled = "true"; }, { "data-key": "more" });
  const newest = button("", "Show the first page again", () => model.send({ act: "newest" }), { "data-key": "newest" });
  const notice = h("div", { class: "fx-notice", role: "alert", hidden: "" });
  const walk = walked(body, "tr");
  const pane = h("div", { class: "fx-jobs-pane", tabindex: "0", role: "group", "aria-label": "Runs: arrow keys move between their buttons" }, h("table", { class: "fx-table fx-jobs", role: "grid", "aria-label": "Runs" }, h("thead", {}, head), body), none);
  const root = h("section", { class: "fx", "aria-label": "Runs" }, h("div", { class: "fx-bar" }, search, states, count, h("span", { class: "fx-tools" }, newest, more)), notice, pane);
  element.append(root);

  const lines = new Map();
  let timer = 0;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, REST);
  }

  function ask() {
    clearTimeout(timer);
    model.send({ act: "filter", text: search.value.trim(), state: states.value });
  }

  function sorted(name) {
    if (name === BY_ENGINE) {
      if (!ui.sort) model.send({ act: "order", oldest: model.state.oldest !== true });
      ui.sort = "";
    } else {
      ui.down = ui.sort === name ? !ui.down : name === "seconds" || name === "queued";
      ui.sort = name;
    }
    draw();
  }

  function ordered(rows) {
    const value = COLUMNS.find(([name]) => name === ui.sort)?.[2];
    if (!value) return rows;
    const sign = ui.down ? -1 : 1;
    return [...rows].sort((one, other) => sign * compared(value(one), value(other)));
  }

  const draw = () => undisturbed(root, redraw);

  function redraw() {
    const rows = ordered(model.state.rows ?? []);
    const known = new Set(rows.map(({ id }) => id));
    for (const [id, line] of lines) {
      if (known.has(id)) continue;
      line.element.remove();
      lines.delete(id);
    }
    let next = body.firstElementChild;
    rows.forEach((row) => {
      const text = JSON.stringify([row, row.id === model.state.open, ui.asked.has(row.id)]);
      let line = lines.get(row.id);
      if (line?.text !== text) {
        const made = drawn(row);
        if (next && next === line?.element) next = made;
        line?.element.replaceWith(made);
        line = { element: made, text };
        lines.set(row.id, line);
      }
      if (next === line.element) next = next.nextElementSibling;
      else body.insertBefore(line.element, next);
    });
    for (const cell of head.querySelectorAll("[data-column]")) {
      const is = cell.dataset.column === (ui.sort || BY_ENGINE);
      const isDown = ui.sort ? ui.down : model.state.oldest !== true;
      cell.setAttribute("aria-sort", is ? (isDown ? "descending" : "ascending") : "none");
    }
    shown(none, rows.length === 0);
    shown(more, model.state.more === true);
    more.ariaDisabled = "false";
    const [first, further] = model.state.oldest ? ["oldest", "newer"] : ["newest", "older"];
    say(more, `${further} ones`);
    say(newest, `${first} ones`);
    const left = model.state.left ?? 0;
    shown(newest, left > 0);
    const number = left ? `runs ${(left + 1).toLocaleString()} to ${(left + rows.length).toLocaleString()}` : `${rows.length.toLocaleString()}${model.state.more ? ` ${first}` : ""} run${rows.length === 1 ? "" : "s"}`;
    const isPart = ui.sort !== "" && (left > 0 || model.state.more === true);
    say(count, rows.length === 0 ? "" : isPart ? `${number} · only these are sorted` : number);
    shown(notice, Boolean(model.state.notice));
    say(notice, model.state.notice ?? "");
    walk();
  }

  function drawn(row) {
    const [word, sign] = STATES[row.state] ?? [row.state, "?"];
    const act = (name) => () => {
      ui.asked.add(row.id);
      model.send({ act: name, job: row.id });
      draw();
    };
    const open = h("button", { type: "button", class: "fx-title fx-open", "data-key": `${row.id} open`, title: `Show this run below · job ${row.id}`, "aria-pressed": String(row.id === model.state.open), onclick: () => model.send({ act: "open", job: row.id }) },
      h("span", { dir: "auto" }, row.path || short(row.id)));
    const cancel = DONE.has(row.state) ? null : button("Cancel", "Cancel this run", act("cancel"), { "data-key": `${row.id} cancel`, "aria-label": `Cancel: ${row.path || short(row.id)}`, disabled: ui.asked.has(row.id) ? "" : null });
    const again = row.again ? button("Run again", "Start it once more with the same arguments", () => model.send({ act: "rerun", job: row.id }), { "data-key": `${row.id} again`, "aria-label": `Run again: ${row.path}` }) : null;
    return h("tr", { "data-state": row.state, class: row.id === model.state.open ? "fx-is-open" : null },
      h("td", { class: "fx-job-state" }, h("span", { class: "fx-mark", "aria-hidden": "true" }, sign), h("span", { class: "fx-word" }, ` ${word}`)),
      h("td", {}, open),
      h("td", {}, row.created ? moment(row.created) : ""),
      h("td", { class: "fx-numeric" }, row.seconds === null ? "" : span(row.seconds)),
      h("td", { class: "fx-numeric fx-extra" }, row.queued === null ? "" : span(row.queued)),
      h("td", { class: "fx-extra" }, row.language),
      h("td", { class: "fx-extra", dir: "auto" }, row.by),
      h("td", { class: "fx-job-actions" }, cancel, again));
  }

  /** Nothing is asked for while nobody can see the table. */
  let ticks = 0;
  everySecond(root, () => {
    ticks += 1;
    if (ticks % EVERY === 0) model.send({ act: "refresh" });
  });

  draw();
  return (changed) => {
    if ("rows" in changed) ui.asked = new Set([...ui.asked].filter((id) => changed.rows.some((row) => row.id === id && !DONE.has(row.state))));
    draw();
  };
}

function compared(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return ORDER.compare(String(one ?? ""), String(other ?? ""));
}
