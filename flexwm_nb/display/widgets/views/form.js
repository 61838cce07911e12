/** A form for the arguments that a schema describes; its last line is the magic that does the same. */
import { button, copied, h, say, shown } from "./dom.js";
import { fields } from "./form_fields.js";
import { magicLine } from "./form_line.js";

const PAUSE = 200; // milliseconds after the last key before the values are told
const PATIENCE = 1000; // milliseconds for whoever saves the notebook until it has them

let counted = 0;

/**
 * The state: `schema`; `values` that are given already; `magic`, how the line begins; `run` and `insert`, whether these
 * buttons are there; `label` of the first; `choices`, paths that may be picked; `notice`; `done`, while what was sent runs;
 * `kept`, the number of the values that the saved notebook has.
 * It sends `values` (soon after they were typed, with a number), `run`, `insert` and `pick`.
 * @type {import("./dom.js").View}
 */
export function formView(model, element) {
  const form = h("form", { class: "fx fx-form", tabindex: "-1", novalidate: "", "aria-label": `Arguments of ${(model.state.magic ?? "").split(" ")[1] ?? "it"}`, onsubmit: (event) => { event.preventDefault(); send(); }, onkeydown: keyed });
  const place = h("div");
  const line = h("code", { class: "fx-magic", dir: "ltr" });
  const copy = button("copy", "Copy the line that does the same", () => void copied(copy, line.textContent));
  const insert = button("insert", "Put the line into a cell", () => model.send({ act: "insert", line: line.textContent }));
  const run = h("button", { type: "submit", class: "fx-button fx-yes", title: "Start it (Ctrl+Enter)" }, "Run");
  const notice = h("div", { class: "fx-notice", role: "alert", hidden: "" });
  form.append(place, h("div", { class: "fx-form-end" }, run, line, copy, insert), notice);
  element.append(form);

  let inner = null;
  let drawnOf = ""; // what was given when it was drawn
  let timer = 0;
  let isRefused = false;
  let resting = null; // what had the focus before the form rested
  let heard = () => {}; // the saved notebook has what was typed
  const context = {
    id: () => `fx-form-${(counted += 1)}`,
    pick: (kind, type) => model.send({ act: "pick", kind, type }),
    changed: (isNew = true) => {
      model.ui.values = inner.read();
      say(line, written());
      const wrong = inner.problem();
      if (isRefused) warn(wrong); // what was said when it could not be sent follows what is typed
      if (!isNew) return;
      clearTimeout(timer);
      timer = setTimeout(tell, PAUSE);
    },
  };

  function written() {
    return magicLine(model.state.magic ?? "", inner.read(), model.state.schema?.properties ?? {});
  }

  function tell() {
    clearTimeout(timer);
    timer = 0;
    model.ui.told = Date.now();
    model.send({ act: "values", number: model.ui.told, values: inner.read(), line: line.textContent, valid: inner.problem() === null });
  }

  /** The saved notebook has what was typed, or nobody says so for a while. */
  model.settled = () => {
    if (timer) tell();
    if (model.state.kept === model.ui.told) return null;
    return new Promise((resolve) => {
      heard = resolve;
      setTimeout(resolve, PATIENCE);
    });
  };

  function keyed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
    const isSaving = event.key === "s" && (event.ctrlKey || event.metaKey);
    if (event.key !== "Escape" && !isSaving) event.stopPropagation(); // keys typed here are no commands of the notebook
  }

  function send() {
    clearTimeout(timer);
    timer = 0;
    const wrong = inner.problem(true);
    warn(wrong);
    isRefused = wrong !== null;
    if (isRefused) {
      inner.focusWrong();
      return;
    }
    model.send({ act: "run", values: inner.read(), line: line.textContent });
  }

  function given() {
    return JSON.stringify([model.state.schema, model.state.values]);
  }

  function draw() {
    drawnOf = given();
    const schema = isSchema(model.state.schema) ? model.state.schema : {};
    inner = fields(schema, { ...(model.state.values ?? {}), ...(model.ui.values ?? {}) }, context);
    const none = Object.keys(schema.properties ?? {}).length === 0;
    place.replaceChildren(none ? h("p", { class: "fx-muted" }, isSchema(model.state.schema) ? "It takes no arguments." : "Its schema cannot be read: give the arguments in the line below.") : inner.element);
    inner.offer(model.state.choices ?? {});
    say(line, written());
    mark();
  }

  function mark() {
    shown(run, model.state.run !== false);
    shown(insert, model.state.insert === true);
    say(run, model.state.label ?? "Run");
    const had = form.getRootNode().activeElement;
    if (had !== form && form.contains(had)) resting = had;
    for (const input of [run, ...place.querySelectorAll("input, select, textarea, button")]) input.disabled = model.state.done === true;
    if (had?.disabled && had === resting) form.focus(); // keys pressed now are no commands of the notebook
    else if (had === form && resting?.isConnected && !resting.disabled) resting.focus();
  }

  function warn(text) {
    shown(notice, text !== null);
    say(notice, text ?? "");
  }

  draw();
  warn(model.state.notice ?? null);
  return (changed) => {
    if (("schema" in changed || "values" in changed) && given() !== drawnOf) { // told once more, it keeps what was typed
      if ("values" in changed) model.ui.values = null;
      draw();
    }
    if (changed.kept === model.ui.told) heard();
    if ("choices" in changed) inner.offer(model.state.choices ?? {});
    if ("run" in changed || "insert" in changed || "done" in changed || "label" in changed) mark();
    if ("notice" in changed) warn(model.state.notice ?? null);
  };
}

function isSchema(schema) {
  return typeof schema === "object" && schema !== null && !Array.isArray(schema) && (schema.properties === undefined || (typeof schema.properties === "object" && schema.properties !== null));
}
