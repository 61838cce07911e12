/**
 * How a view lives in a notebook: in the place of the static picture that the cell's output keeps.
 *
 * The saved notebook has only that picture, so it is never empty; while the kernel knows the run, the page draws the
 * living view over it, in a shadow tree of the output. The picture may be written anew under it at any time: whoever
 * types or has a menu open in the view is not disturbed. A view also draws into a widget's own element, as in a layout.
 */
import { DONE, h, short } from "./dom.js";

const SPOTS = Symbol.for("flexwm.spots");

/** One observer a page: `class="flexwm-at flexwm-at-ID"` marks the places. */
function watched() {
  if (globalThis[SPOTS]) return globalThis[SPOTS];
  const known = new Map(); // id → what gives the element of its view in an output
  const outputs = new Set(); // that show views
  const places = document.getElementsByClassName("flexwm-at");
  const look = () => {
    const seen = new Set();
    for (const place of places) if (known.has(idOf(place))) seen.add(outputOf(place));
    for (const output of outputs) if (output.isConnected) seen.add(output);
    outputs.clear();
    for (const output of seen) if (arranged(output, known)) outputs.add(output);
  };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  globalThis[SPOTS] = { known, look };
  return globalThis[SPOTS];
}

function idOf(element) {
  return /flexwm-at-(\S+)/.exec(element.className)?.[1];
}

/** What holds the shadow tree: the element of a whole output where it has only places, for that one stays; else the place. */
function outputOf(place) {
  const parts = [...place.parentNode.childNodes];
  return parts.every((part) => (part instanceof Element ? idOf(part) : !part.textContent.trim())) ? place.parentNode : place;
}

/** Put each view where its place is, and leave alone what is there already; whether the output shows any. */
function arranged(output, known) {
  const places = idOf(output) ? [output] : [...output.children];
  const views = places.map((place) => known.get(idOf(place)));
  const isLiving = views.some(Boolean);
  if (!isLiving && !output.shadowRoot) return false;
  const root = output.shadowRoot ?? output.attachShadow({ mode: "open" });
  const wanted = isLiving ? places.map((place, at) => views[at]?.element(output) ?? picture(root, place, at)) : [document.createElement("slot")];
  for (const part of [...root.children]) if (!wanted.includes(part)) part.remove();
  wanted.forEach((part, at) => root.children[at] === part || root.insertBefore(part, root.children[at] ?? null));
  views.forEach((view, at) => view?.draw(wanted[at]));
  output.toggleAttribute("data-lm-suppress-shortcuts", isLiving); // keys typed here are no commands of the notebook
  return isLiving;
}

/** A place whose view is over, among others. */
function picture(root, place, at) {
  place.slot = `at-${at}`;
  const slot = root.querySelector(`slot[name="${place.slot}"]`) ?? document.createElement("slot");
  slot.name = place.slot;
  return slot;
}

/** Escape leaves a view for its cell; a notebook is saved once it has all that was typed. */
async function pressed(event, model, output) {
  if (event.key === "Escape" && !event.defaultPrevented) output.closest("[tabindex]")?.focus();
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
  const { key, code, keyCode, ctrlKey, metaKey, shiftKey } = event;
  event.preventDefault();
  event.stopPropagation();
  await model.settled?.();
  output.parentNode?.dispatchEvent(new KeyboardEvent("keydown", { key, code, keyCode, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true }));
}

/** Take part of a model's state in; what changed is what the views are told. */
function applied(state, message) {
  const changed = { ...(message.set ?? {}) };
  for (const [name, value] of Object.entries(message.merge ?? {})) changed[name] = { ...(state[name] ?? {}), ...value };
  Object.assign(state, changed);
  if (message.log) changed.log = message.log;
  if ("clock" in changed) state.clock_at = performance.now();
  return changed;
}

/** What anywidget asks of a module, for one view and its style sheet. @param {import("./dom.js").View} view */
export function hosted(view, sheet) {
  const models = new Map();

  function modelOf(remote) {
    const id = remote.get("spot");
    const known = models.get(id);
    if (known) return known;
    const state = { ...remote.get("state") };
    state.clock_at = performance.now();
    const model = { state, ui: {}, send: (message) => remote.send(message), mounts: new Map() };
    models.set(id, model);
    remote.on("msg:custom", (message) => {
      if (message.hello) remote.send({ act: "hello" }); // the kernel has not heard the first
      const changed = applied(state, message);
      for (const [element, update] of model.mounts) {
        if (element.isConnected) update(changed);
        else model.mounts.delete(element); // drawn anew where it comes back
      }
    });
    return model;
  }

  function mount(model, element, root) {
    root.replaceChildren();
    const style = document.createElement("style");
    style.textContent = sheet;
    root.append(style);
    model.mounts.set(element, view(model, root));
  }

  return {
    initialize({ model: remote }) {
      const model = modelOf(remote);
      const { known, look } = watched();
      const id = remote.get("spot");
      const elements = new WeakMap(); // one in each output that has its place
      known.set(id, {
        element(output) {
          if (!elements.has(output)) elements.set(output, h("div", { onkeydown: (event) => pressed(event, model, output) }));
          return elements.get(output);
        },
        draw(element) {
          if (!model.mounts.has(element)) mount(model, element, element.shadowRoot ?? element.attachShadow({ mode: "open" }));
        },
      });
      look();
      const leave = () => {
        known.delete(id);
        models.delete(id);
        look();
      };
      remote.on("destroy", leave);
      remote.on("comm_live_update", () => { // the kernel was restarted: what is drawn stays, and nothing answers
        const over = !model.state.state || DONE.has(model.state.state);
        const notice = over ? null : `The kernel was restarted; the run goes on. %windmill_attach ${short(model.state.job ?? "")} comes back to it.`;
        const changed = applied(model.state, { set: { actions: [], approval: null, notice } });
        for (const update of model.mounts.values()) update(changed);
      });
      remote.send({ act: "hello" });
      return leave;
    },
    render({ model: remote, el }) {
      const model = modelOf(remote);
      remote.send({ act: "hello" });
      el.setAttribute("data-lm-suppress-shortcuts", "true");
      mount(model, el, el.shadowRoot ?? el.attachShadow({ mode: "open" }));
      return () => model.mounts.delete(el);
    },
  };
}
