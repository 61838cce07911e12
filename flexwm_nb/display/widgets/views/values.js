/** A value by its kind: records as a table, JSON as a tree that unfolds, text as text, an image as an image. */
import { button, copied, h, literal } from "./dom.js";

const AT_ONCE = 100; // children of a node before the next are asked for
const ROWS = 50; // of a table
const LONG = 300; // characters of a text in a tree
const PAGE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/**
 * An element for `{kind, value, note}` as the kernel describes it.
 * @param {{kind: string, value: any, note?: string}} described
 */
export function valueView({ kind, value, note }) {
  const made = KINDS[kind] ? KINDS[kind](value) : KINDS.json(value);
  return h("div", { class: "fx-value" }, made, note ? h("div", { class: "fx-muted" }, note) : null);
}

const KINDS = {
  json: (value) => tree(value),
  text: (value) => h("pre", { class: "fx-text", dir: "auto", tabindex: "0" }, String(value)),
  table: (value) => table(value),
  image: ({ type, data }) => h("img", { class: "fx-image", alt: "the result, an image", src: `data:${type};base64,${data}` }),
  page: (value) => h("iframe", { class: "fx-page", sandbox: "", title: "the result, a page", srcdoc: `<meta http-equiv="Content-Security-Policy" content="${PAGE}">${value}` }),
  markdown: (value) => asked(value),
};

/** Markdown is shown as it is written until somebody asks for more. */
function asked(text) {
  const place = h("div", {}, KINDS.text(text));
  const ask = button("as a document", "Show headings, lists and emphasis", () => place.replaceChildren(documented(text)));
  return h("div", {}, ask, place);
}

/** A document out of the plainest Markdown; no links, images or HTML. */
export function documented(text) {
  const made = h("div", { class: "fx-document", dir: "auto" });
  let code = null;
  for (const line of String(text).split("\n")) {
    const heading = /^(#{1,6})\s+(.*)/.exec(line);
    const item = /^\s*(?:[-*+]|\d+\.)\s+(.*)/.exec(line);
    if (/^\s*```/.test(line)) {
      code = code ? null : made.appendChild(h("pre", { class: "fx-text" }));
    } else if (code) code.append(`${line}\n`);
    else if (heading) made.append(h(`h${heading[1].length}`, {}, emphasised(heading[2])));
    else if (item) made.append(h("div", { class: "fx-item" }, "• ", emphasised(item[1])));
    else if (line.trim()) made.append(h("p", {}, emphasised(line)));
  }
  return made;
}

function emphasised(line) {
  return line.split(/(\*\*[^*]+\*\*|`[^`]+`|\*[^*]+\*)/).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return h("strong", {}, part.slice(2, -2));
    if (/^`.+`$/.test(part)) return h("code", {}, part.slice(1, -1));
    return /^\*.+\*$/.test(part) ? h("em", {}, part.slice(1, -1)) : part;
  });
}

function table({ columns, rows, total }) {
  const head = h("tr", {}, columns.map((name) => h("th", { scope: "col", dir: "auto" }, String(name))));
  const body = h("tbody");
  const more = button("", "More rows", () => add());
  let count = 0;
  function add() {
    const part = rows.slice(count, count + ROWS);
    body.append(...part.map((row) => h("tr", {}, columns.map((_, at) => cell(row[at])))));
    count += part.length;
    more.textContent = `${count.toLocaleString()} of ${total.toLocaleString()} rows`;
    more.ariaDisabled = String(count >= rows.length);
  }
  add();
  return h("div", { class: "fx-frame", tabindex: "0", role: "group", "aria-label": "The result, a table" }, h("table", { class: "fx-table" }, h("thead", {}, head), body), more);
}

function cell(value) {
  if (value === null || value === undefined) return h("td", { class: "fx-muted" }, "–");
  const text = typeof value === "object" ? literal(value) : String(value);
  return h("td", { class: typeof value === "number" ? "fx-numeric" : null, dir: "auto", title: text.length > LONG ? "long" : null }, text.slice(0, LONG) + (text.length > LONG ? "…" : ""));
}

/** JSON as a tree; what is inside is made when it is unfolded. */
export function tree(value) {
  const copy = button("copy", "Copy it as JSON", () => copied(copy, JSON.stringify(value, null, 2)));
  const isLeaf = value === null || typeof value !== "object";
  const made = h("div", { class: "fx-tree", role: "group", "aria-label": "JSON" }, node(null, value, true));
  return isLeaf ? made : h("div", { class: "fx-copyable" }, made, copy);
}

function node(name, value, open) {
  const label = name === null ? [] : [h("span", { class: "fx-key", dir: "auto" }, String(name)), ": "];
  if (value === null || typeof value !== "object") {
    return h("div", { class: "fx-leaf" }, ...label, leaf(value));
  }
  const entries = Array.isArray(value) ? value.map((item, at) => [at, item]) : Object.entries(value);
  const [begin, end] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const size = `${begin} ${entries.length.toLocaleString()} ${end}`;
  const made = h("details", {}, h("summary", {}, ...label, h("span", { class: "fx-muted" }, size)));
  let filled = false;
  const fill = () => {
    if (filled || !made.open) return;
    filled = true;
    made.append(children(entries, 0));
  };
  made.addEventListener("toggle", fill);
  if (open && entries.length) {
    made.open = true;
    fill();
  }
  return made;
}

function children(entries, from) {
  const group = h("div", { class: "fx-children" });
  group.append(...entries.slice(from, from + AT_ONCE).map(([name, value]) => node(name, value, false)));
  const left = entries.length - from - AT_ONCE;
  if (left > 0) {
    const more = button(`${left.toLocaleString()} more`, "Show the next ones", () => goOn(more, children(entries, from + AT_ONCE)));
    group.append(more);
  }
  return group;
}

/** Put the rest where its button was, and the focus there. */
function goOn(pressed, rest) {
  rest.tabIndex = -1;
  pressed.replaceWith(rest);
  rest.focus({ preventScroll: true });
}

function leaf(value) {
  const text = typeof value === "string" ? literal(value) : String(value);
  const made = h("span", { class: `fx-${value === null ? "null" : typeof value}`, dir: "auto" }, text.slice(0, LONG));
  if (text.length <= LONG) return made;
  const all = button(`… ${(text.length - LONG).toLocaleString()} more`, "Show all of it", () => goOn(all, h("span", {}, text.slice(LONG))));
  return h("span", {}, made, all);
}
