/**
 * How a view lives in a notebook: in the place of the static picture that the cell's output keeps.
 *
 * The saved notebook has only that picture, so it is never empty; while the kernel knows the run, the page draws the
 * living view over it, in a shadow tree of its own. A view also draws into a widget's own element, as in a layout.
 */
import { DONE, short } from "./dom.js";

const SPOTS = Symbol.for("flexwm.spots");

/** One observer a page: `class="flexwm-at flexwm-at-ID"` marks the places. */
function watched() {
  if (globalThis[SPOTS]) return globalThis[SPOTS];
  const known = new Map();
  const places = document.getElementsByClassName("flexwm-at");
  const look = () => {
    for (const place of places) known.get(/flexwm-at-(\S+)/.exec(place.className)?.[1])?.(place);
  };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  globalThis[SPOTS] = { known, look };
  return globalThis[SPOTS];
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
      known.set(id, (place) => {
        if (model.mounts.has(place)) return;
        place.setAttribute("data-lm-suppress-shortcuts", "true"); // keys typed here are no commands of the notebook
        mount(model, place, place.shadowRoot ?? place.attachShadow({ mode: "open" }));
      });
      look();
      const leave = () => {
        known.delete(id);
        models.delete(id);
        for (const place of model.mounts.keys()) place.shadowRoot?.replaceChildren(document.createElement("slot"));
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
      mount(model, el, el.shadowRoot ?? el.attachShadow({ mode: "open" }));
      return () => model.mounts.delete(el);
    },
  };
}
