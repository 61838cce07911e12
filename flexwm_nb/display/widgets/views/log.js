/** A run's log: only the lines in sight are in the page; searched, folded, coloured. */
import { DONE, button, h, placed, say, shown, undisturbed } from "./dom.js";
import { pieces, plain } from "./ansi.js";
import { everySecond, soon } from "./clock.js";

const ROW = 18; // pixels of a line
const FRAME = 6; // around them
const KEPT = 20000; // lines in the page's memory
const LONGEST = 2000; // characters of a line that are shown
const SMALL = 10; // lines of the folded panel
const LARGE = 30;
const AROUND = 5; // rows that are in the page before and after those in sight
const TALL = /\p{M}{3}/u; // signs on signs, which would reach into other lines
const BANNER = /^--- [A-Z0-9 ().]+ EXECUTION ---$/;
const OPENS = /^::group::(.*)$/;
const CLOSES = /^::endgroup::/;

/**
 * The state's `log` is `{first, lines, total}`; more lines come as the same, and are put at the end.
 * @type {import("./dom.js").View}
 */
export function logView(model, element) {
  const ui = (model.ui.log ??= { folded: {}, query: "", large: false, open: true });
  const lines = (ui.lines ??= { first: 0, list: /** @type {string[]} */ ([]), gaps: new Map(), total: 0 });
  let rows = []; // what can be scrolled to: {line} or {fold, title, count} or {gap}
  let found = []; // positions in rows
  let current = -1;
  let follows = true;
  let isBehind = false;
  let drawn = new Map(); // rows that are in the page
  let base = 0; // lines that are the engine's own

  const toggle = button("", "Show or hide the log", () => { ui.open = !ui.open; draw(); }, { "aria-expanded": "true", class: "fx-title" });
  const search = h("input", {
    type: "search", class: "fx-search", placeholder: "Search log", "aria-label": "Search the log", value: ui.query,
    oninput: () => { ui.query = search.value; current = -1; look(); draw(); if (found.length) jump(0); },
    onkeydown: (event) => {
      if (event.key === "Enter") { event.preventDefault(); jump(event.shiftKey ? -1 : 1); }
      if (event.key === "Escape") { search.value = ui.query = ""; look(); draw(); }
    },
  });
  const count = h("span", { class: "fx-muted", role: "status" });
  const back = button("↑", "Match before (Shift+Enter)", () => jump(-1), { "aria-label": "Match before" });
  const next = button("↓", "Next match (Enter)", () => jump(1), { "aria-label": "Next match" });
  const whole = button("earlier lines", "Read the log from its first line", () => model.send({ act: "whole_log" }));
  const size = button("", "More or fewer lines at once", () => { ui.large = !ui.large; ui.high = 0; draw(); });
  const end = button("newest ↓", "Follow the newest lines", () => { follows = true; draw(); });
  const tools = h("span", { class: "fx-tools" }, search, count, back, next, whole, size);
  const list = h("div", { class: "fx-rows" });
  const pane = h("div", { class: "fx-pane", tabindex: "0", role: "group", "aria-label": "Log lines", onscroll: scrolled }, list);
  const floating = h("div", { class: "fx-newest" }, end);
  const nothing = h("span", { class: "fx-muted" }, "no output yet");
  const root = h("section", { class: "fx-log" }, h("div", { class: "fx-bar" }, nothing, toggle, tools), pane, floating);
  element.append(root);

  function scrolled() {
    follows = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - ROW;
    paint();
  }

  function take(part) {
    if (part.whole && part.first === 0) ui.base = ui.high = 0;
    if (part.whole || !lines.list.length || part.first < lines.first) Object.assign(lines, { first: part.first, list: [], gaps: new Map() });
    const reached = lines.first + lines.list.length;
    if (part.first > reached) { // too many came at once
      lines.gaps.set(lines.list.length, part.first - reached);
      lines.first = part.first - lines.list.length;
    }
    const known = lines.first + lines.list.length - part.first;
    for (const line of part.lines.slice(Math.max(known, 0))) lines.list.push(line);
    if (lines.list.length > KEPT) {
      const dropped = lines.list.length - KEPT;
      lines.list.splice(0, dropped);
      lines.first += dropped;
      lines.gaps = new Map([...lines.gaps].filter(([at]) => at > dropped).map(([at, size]) => [at - dropped, size]));
    }
    lines.partial = part.partial ?? "";
    lines.total = Math.max(part.total ?? 0, lines.first + lines.list.length);
  }

  /** The lines with what is folded left out. */
  function arrange() {
    rows = [];
    const banner = lines.first === 0 ? lines.list.slice(0, 200).findIndex((line) => BANNER.test(line)) : -1;
    let inside = null;
    if (banner >= 0) {
      ui.base = banner + (lines.list[banner + 1] === "" ? 2 : 1);
      inside = head("engine", "engine", ui.base);
    }
    base = ui.base ?? 0;
    lines.list.forEach((line, at) => {
      if (lines.gaps.has(at)) rows.push({ gap: lines.gaps.get(at) });
      const opened = OPENS.exec(line);
      if (opened) { inside = head(`g${lines.first + at}`, plain(opened[1]) || "group", 0); return; }
      if (CLOSES.test(line)) { inside = null; return; }
      if (inside && inside.fold !== "engine") inside.count += 1;
      if (!inside || !inside.folded) rows.push({ line: at, deep: inside !== null });
      if (at === ui.base - 1 && inside?.fold === "engine") inside = null;
    });
    if (plain(lines.partial ?? "")) rows.push({ line: lines.list.length });
    look();
  }

  /** A line; after the last one the one that has not ended yet. */
  function lineAt(at) {
    return at < lines.list.length ? lines.list[at] : lines.partial;
  }

  function head(key, title, number) {
    const folded = ui.folded[key] ?? true;
    const row = { fold: key, title, count: number, folded };
    rows.push(row);
    return row;
  }

  function look() {
    const wanted = ui.query.toLowerCase();
    found = [];
    if (wanted) rows.forEach((row, at) => { if (row.line !== undefined && plain(lineAt(row.line)).toLowerCase().includes(wanted)) found.push(at); });
    if (current >= found.length) current = -1;
  }

  function jump(step) {
    if (!found.length) return;
    current = step === 0 ? 0 : (current + step + found.length) % found.length;
    follows = false;
    pane.scrollTop = Math.max(found[current] * ROW - pane.clientHeight / 2, 0);
    draw();
  }

  const draw = () => undisturbed(root, drawAll, ui.open ? pane : toggle);

  function drawAll() {
    const number = lines.total + (plain(lines.partial ?? "") ? 1 : 0) - base;
    const isFlow = Boolean(model.state.graph);
    const isSaid = number > 0 && (!isFlow || rows.length > 1); // a flow's own log is one line of the engine's
    const isAwaited = !isSaid && !isFlow && model.state.state === "running";
    shown(root, isSaid || isAwaited);
    shown(nothing, isAwaited);
    shown(toggle, isSaid);
    say(toggle, `${ui.open ? "▾" : "▸"} log · ${number.toLocaleString()} line${number === 1 ? "" : "s"}`);
    toggle.setAttribute("aria-expanded", String(ui.open));
    shown(pane, isSaid && ui.open);
    shown(tools, isSaid && ui.open);
    const most = ui.large ? LARGE : SMALL;
    const high = Math.min(rows.length, most);
    ui.high = DONE.has(model.state.state) ? high : Math.max(ui.high ?? 0, high); // what is below does not come up while it runs
    sized("minHeight", ui.high);
    sized("maxHeight", most);
    list.style.height = `${rows.length * ROW}px`;
    say(size, ui.large ? "fewer" : "more");
    shown(size, rows.length > SMALL);
    shown(whole, lines.first > 0 || lines.gaps.size > 0);
    shown(search, rows.length > 3);
    const searched = ui.query !== "";
    for (const part of [count, back, next]) shown(part, searched);
    say(count, found.length ? `${current < 0 ? "" : `${current + 1} of `}${found.length.toLocaleString()}` : "nothing");
    shown(floating, isSaid && ui.open && !follows && !searched);
    paint();
    if (follows && !searched) pane.scrollTop = rows.length * ROW; // after all is in the page, which is laid out once then
  }

  /** So many rows. */
  function sized(name, count) {
    const height = `${count * ROW + FRAME}px`;
    if (pane.style[name] !== height) pane.style[name] = height;
  }

  /** Put the rows in sight into the page. */
  const paint = () => undisturbed(list, paintAll, pane);

  function paintAll() {
    const isAtEnd = follows && ui.query === "";
    const many = (isAtEnd ? ui.high : Math.ceil((pane.clientHeight || SMALL * ROW) / ROW)) + AROUND;
    const first = Math.max(isAtEnd ? rows.length - many : Math.floor(pane.scrollTop / ROW) - AROUND, 0);
    const last = Math.min(first + many + AROUND, rows.length);
    const before = drawn;
    drawn = new Map();
    for (let at = first; at < last; at += 1) {
      const key = JSON.stringify([at, lines.first, base, rows[at], classes(at), textOf(rows[at])]);
      drawn.set(key, before.get(key) ?? row(at)); // the same as before keeps what is selected, and the focus
    }
    placed(list, [...drawn.values()]);
    const top = `${first * ROW}px`;
    if (list.style.paddingTop !== top) list.style.paddingTop = top;
  }

  /** What is shown of a line, and how much is not. */
  function textOf({ line }) {
    const text = line === undefined ? "" : lineAt(line);
    return [text.slice(0, LONGEST), Math.max(text.length - LONGEST, 0)];
  }

  function classes(at) {
    const { deep } = rows[at];
    const isHere = current >= 0 && found[current] === at;
    const isTall = TALL.test(textOf(rows[at])[0]);
    return ["fx-row", deep && "fx-deep", isHere && "fx-here", ui.query && !isHere && found.includes(at) && "fx-match", isTall && "fx-tall"].filter(Boolean).join(" ");
  }

  function row(at) {
    const { line, fold, gap, title, count: inner, folded } = rows[at];
    if (gap) return h("div", { class: "fx-row fx-muted" }, `… ${gap.toLocaleString()} lines came too fast to be shown here`);
    if (fold) {
      const text = `${folded ? "▸" : "▾"} ${title} · ${inner} line${inner === 1 ? "" : "s"}`;
      const flip = () => { ui.folded[fold] = !folded; follows = false; arrange(); draw(); };
      return h("div", { class: "fx-row" }, h("button", { type: "button", class: "fx-fold", "data-key": fold, "aria-expanded": String(!folded), onclick: flip }, text));
    }
    const [text, left] = textOf(rows[at]);
    const parts = pieces(text).map((piece) => coloured(piece));
    const more = left ? [h("span", { class: "fx-muted" }, ` … ${left.toLocaleString()} characters more`)] : [];
    return h("div", { class: classes(at) }, h("span", { class: "fx-at", "aria-hidden": "true" }, line < base - lines.first ? "" : String(lines.first + line + 1 - base)), h("span", { dir: "auto" }, ...parts), ...more);
  }

  function update(changed) {
    if (changed.log) take(changed.log);
    if (!(changed.log || "state" in changed)) return;
    isBehind = true;
    if (isSeen() || root.hidden) soon(redraw);
  }

  function redraw() {
    if (!isBehind) return;
    isBehind = false;
    arrange();
    draw();
  }
  const isSeen = everySecond(element, redraw);
  if (model.state.log) take(model.state.log);
  arrange();
  draw();
  requestAnimationFrame(draw); // once it has a height
  return update;
}

function coloured({ text, classes, color, background }) {
  if (!classes.length && !color && !background) return text;
  const made = h("span", { class: classes.join(" ") }, text);
  if (color) made.style.color = color;
  if (background) made.style.background = background;
  return made;
}
