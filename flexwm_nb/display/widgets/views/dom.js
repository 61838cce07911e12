/**
 * Elements, times and spans; what every view is made of.
 *
 * All text reaches the page as text nodes and attribute values: nothing here parses HTML.
 *
 * @typedef {object} Model  what a view shows, whoever hosts it
 * @property {Record<string, any>} state  what the kernel or the server knows
 * @property {Record<string, any>} ui  what the person chose here: searched, folded, zoomed; kept when it is drawn anew
 * @property {(message: Record<string, any>) => void} send  an action, such as `{act: "cancel"}`
 *
 * @typedef {(changed: Record<string, any>) => void} Update  draw what changed of a model's state
 * @typedef {(model: Model, element: HTMLElement | ShadowRoot) => Update} View
 */

const SVG = "http://www.w3.org/2000/svg";

/** What each state is called, and its sign: never told by colour alone. */
export const STATES = {
  queued: ["queued", "…"],
  running: ["running", "▶"],
  suspended: ["waits for an approval", "‖"],
  success: ["ran", "✓"],
  failure: ["failed", "✗"],
  canceled: ["cancelled", "⊘"],
  skipped: ["left out", "↷"],
};
export const DONE = new Set(["success", "failure", "canceled"]);
const OVERRIDES = /[\u202d\u202e]/g;
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;
const TYPED = new Set(["INPUT", "TEXTAREA", "OPTION"]); // whose text is a value

/** A text of which no part is drawn backwards: what would turn it round is seen as a sign of its own. */
export function forthright(text) {
  return String(text).replace(OVERRIDES, "\ufffd");
}

/** JSON in which what directs text is written out, so that names and values stand in their order. */
export function literal(value, indent) {
  return JSON.stringify(value, null, indent)?.replace(DIRECTIONS, (sign) => `\\u${sign.codePointAt(0).toString(16)}`);
}

/**
 * An element. Children are elements or texts; `on…` are listeners, null and false attributes are left out.
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. @returns {any} */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, name === "title" || name === "aria-label" ? forthright(value) : String(value));
  }
  const parts = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  element.append(...parts.map((part) => (part instanceof Node || TYPED.has(element.tagName) ? part : forthright(part))));
  return element;
}

/** Show or hide without a rebuild. */
export function shown(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Set text only where it differs, so that selections and screen readers are left alone. */
export function say(element, text) {
  const said = forthright(text);
  const { firstChild: first, lastChild: last } = element;
  if (first?.nodeType === Node.TEXT_NODE && first === last && said) {
    if (first.data !== said) first.data = said;
  } else if (element.textContent !== said) element.textContent = said;
}

/** Let these be an element's children, in this order; those that are there already stay as they are. */
export function placed(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  wanted.forEach((child, at) => parent.children[at] === child || parent.insertBefore(child, parent.children[at] ?? null));
}

/** A span of seconds for people: `0.61 s`, `12.3 s`, `2 min 5 s`, `3 h 4 min`; a figure and its unit stay on one line. */
export function span(seconds) {
  const total = Math.max(seconds, 0);
  if (total < 9.995) return `${total.toFixed(2)}\u00a0s`;
  if (total < 59.95) return `${total.toFixed(1)}\u00a0s`;
  const minutes = Math.floor(Math.round(total) / 60);
  if (minutes < 60) return `${minutes}\u00a0min ${Math.round(total) % 60}\u00a0s`;
  return `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`;
}

/** A span that still goes on: `3 s`, `2 min 5 s`. */
export function wholeSpan(seconds) {
  const whole = Math.floor(Math.max(seconds, 0));
  return whole < 60 ? `${whole}\u00a0s` : span(whole);
}

/** A moment in the reader's own time; its zone and the same in UTC on hover. */
export function moment(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return h("span", {}, String(iso));
  const today = date.toDateString() === new Date().toDateString();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
  const clock = date.toLocaleTimeString();
  const title = `${date.toLocaleDateString()} ${clock} ${zone} · ${date.toISOString().replace("T", " ").replace("Z", " UTC")}`;
  return h("time", { datetime: iso, title }, today ? clock : `${date.toLocaleDateString()} ${clock}`);
}

/** An id's ends, which name it. */
export function short(id) {
  return id.length <= 11 ? id : `${id.slice(0, 4)}…${id.slice(-6)}`;
}

/** A button. */
export function button(text, title, onclick, attributes = {}) {
  return h("button", { type: "button", class: "fx-button", title, onclick, ...attributes }, text);
}

/**
 * Draw anew, and keep the focus: on what has the same `data-key` now, else on another control of the same line, else on
 * `last`, where it is given, or the first that can take it.
 */
export function undisturbed(root, draw, last = null) {
  const had = focusIn(root);
  draw();
  if (!had || canHold(had) || focusIn(root, had)) return;
  const keyed = [...root.querySelectorAll("[data-key]")].filter(canHold);
  const { key = "" } = had.dataset;
  const same = keyed.find((one) => one.dataset.key === key) ?? keyed.find((one) => one.dataset.key.split(" ")[0] === key.split(" ")[0]);
  (same ?? last ?? keyed[0])?.focus({ preventScroll: true });
}

/** What has the focus inside of an element, unless it is the one that is left out. */
function focusIn(root, out = null) {
  const found = root.getRootNode().activeElement;
  return found && found !== out && root.contains(found) ? found : null;
}

function canHold(element) {
  return element.isConnected && !element.disabled && !element.closest("[hidden]");
}

/** Arrow keys move between the controls of lines, of which Tab reaches one; what is returned is called when they changed. */
export function walked(body, lines) {
  const controls = (line) => [...line.querySelectorAll("button:not(:disabled)")];
  let last = null;
  const mark = () => {
    const all = [...body.querySelectorAll("button")];
    const key = last?.dataset.key;
    const chosen = all.find((one) => one === last) ?? all.find((one) => key !== undefined && one.dataset.key === key) ?? all[0];
    for (const one of all) one.tabIndex = one === chosen ? 0 : -1;
  };
  body.addEventListener("focusin", (event) => { last = event.target; mark(); });
  body.addEventListener("keydown", (event) => {
    const every = [...body.querySelectorAll(lines)].map(controls).filter((line) => line.length);
    const down = every.findIndex((line) => line.includes(event.target));
    const across = every[down]?.indexOf(event.target);
    const to = { ArrowDown: [down + 1, across], ArrowUp: [down - 1, across], ArrowRight: [down, across + 1], ArrowLeft: [down, across - 1], Home: [0, across], End: [every.length - 1, across] }[event.key];
    if (down < 0 || !to) return;
    event.preventDefault();
    event.stopPropagation();
    const line = every[to[0]];
    (to[0] === down ? line[to[1]] : line?.[Math.min(to[1], line.length - 1)])?.focus();
  });
  return mark;
}

/** Put text on the clipboard, and say so on the button for a moment. */
export async function copied(pressed, text) {
  const before = pressed.textContent;
  try {
    await navigator.clipboard.writeText(text);
    say(pressed, "copied");
  } catch {
    say(pressed, "not allowed here");
  }
  setTimeout(() => say(pressed, before), 1200);
}
