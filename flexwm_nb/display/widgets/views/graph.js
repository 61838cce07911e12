/** A flow's graph, placed by the kernel or a server: zoomed, moved, folded; a step opens on a click. */
import { STATES, button, copied, h, s, say, shown, span, undisturbed, wholeSpan } from "./dom.js";
import { everySecond } from "./clock.js";
import { plain } from "./ansi.js";
import { valueView } from "./values.js";

const HIGHEST = 460; // pixels of the picture in the page
const CLOSEST = 3;
const FARTHEST = 0.05;
const MARGIN = 8;
const TOOLS = [140, 32]; // pixels that the buttons take
const STEP = 1.25; // of one zoom

/**
 * The state's `graph` is a placed picture, `steps` says by id how each step stands, `node` is the one that was opened: of a
 * run with its input and result, of a definition with what it is (`about`), its `inputs` and its code.
 * @type {import("./dom.js").View}
 */
export function graphView(model, element) {
  const ui = (model.ui.graph ??= { scale: null, x: 0, y: 0, chosen: null });
  const nodes = new Map(); // id → {group, node, …}
  const layer = s("g");
  const picture = s("svg", { class: "fx-graph", role: "group", "aria-label": "Flow graph: arrow keys move between steps, Enter opens one" }, marker(), layer);
  const tools = h("div", { class: "fx-zoom" },
    button("+", "Closer", () => zoom(STEP), { "aria-label": "Zoom in" }),
    button("−", "Farther", () => zoom(1 / STEP), { "aria-label": "Zoom out" }),
    button("fit", "All of it", () => fit(), { "aria-label": "Fit the graph" }),
    button("1:1", "As large as text", () => { ui.free = true; ui.scale = 1; ui.x = ui.y = MARGIN; place(); }, { "aria-label": "Actual size" }));
  const frame = h("div", { class: "fx-canvas" }, tools, picture); // from a step the next stop is what is shown of it
  const said = h("span", { class: "fx-muted" });
  const title = h("span", { class: "fx-line", role: "status" }, h("b", { dir: "auto" }), said);
  const actions = h("span", { class: "fx-actions" });
  const notice = h("div", { class: "fx-notice" });
  const parts = new Map(["inputs", "code", "input", "result", "error", "log"].map((name) => [name, { place: h("div"), of: "" }]));
  const rows = [...parts].map(([name, { place }]) => h("div", { class: "fx-part", hidden: "" }, h("span", { class: "fx-muted" }, name), place));
  const panel = h("section", { class: "fx-panel", hidden: "", "aria-label": "Step", onkeydown: left }, h("div", { class: "fx-head" }, title, actions), notice, rows);
  element.append(frame, panel);

  function draw() {
    const { graph } = model.state;
    const isUsed = layer.contains(layer.getRootNode().activeElement);
    nodes.clear();
    const frames = graph.nodes.filter((node) => node.frame);
    const boxes = graph.nodes.filter((node) => !node.frame);
    layer.replaceChildren(
      ...frames.map(drawn),
      ...graph.edges.map(edge),
      ...graph.notes.map((note) => s("text", { class: "fx-note", x: note.x, y: note.y }, note.text)),
      ...boxes.map(drawn),
    );
    mark(Object.keys(model.state.steps ?? {}));
    const first = nodes.get(ui.chosen) ?? nodes.get(graph.nodes[0]?.id);
    first?.group.setAttribute("tabindex", "0");
    if (isUsed) first?.group.focus();
    if (ui.scale === null) fit();
    else place();
  }

  function drawn(node) {
    const { id, x, y, width, height } = node;
    const name = s("text", node.frame ? { x: x + 24, y: y + 16, class: "fx-name" } : { x: x + width / 2, y: y + height / 2 + 4, class: "fx-name", "text-anchor": "middle" });
    const below = s("text", { x: x + width / 2, y: y + height + 14, class: "fx-below", "text-anchor": "middle" });
    const group = s("g", {
      class: `fx-node fx-${node.shape}`, tabindex: "-1", role: "button", "data-state": "", "aria-expanded": node.fold ? String(node.frame) : null,
      onclick: () => open(id), onkeydown: (event) => keyed(event, id), onfocus: () => focused(id),
    }, s("title"), ...outline(node), name, below);
    if (node.fold) {
      const text = node.shape === "folded" ? "▸" : "▾";
      const toggle = s("text", { x: node.frame ? x + 9 : x + 6, y: node.frame ? y + 16 : y + height / 2 + 4, class: "fx-toggle", "aria-hidden": "true", onclick: (event) => { event.stopPropagation(); fold(node); } }, text);
      group.append(toggle);
    }
    nodes.set(id, { group, node, name, below });
    write(nodes.get(id), {});
    return group;
  }

  /** Name, sign, words below and label of one step. */
  function write(entry, look) {
    const { node, group, name, below } = entry;
    const [word, sign] = STATES[look.state] ?? ["", ""];
    const title = node.frame ? [node.label, node.detail, ...node.marks].filter(Boolean).join(" · ") : node.label;
    if (group.dataset.state !== (look.state ?? "")) group.dataset.state = look.state ?? "";
    say(name, sign ? `${sign} ${title}` : title);
    const passed = (performance.now() - look.at) / 1000;
    const time = look.seconds === undefined || look.seconds === null ? "" : look.state === "running" ? wholeSpan(look.seconds + passed) : span(look.seconds);
    const words = [time, look.note].filter(Boolean).join(" · ");
    say(below, words || (node.frame ? "" : node.marks.join(" · ")));
    const described = [node.label, word, look.state === "running" ? look.note : words, node.detail, ...node.marks].filter(Boolean).join(", ");
    group.setAttribute("aria-label", described);
    say(group.firstElementChild, described);
  }

  function mark(ids) {
    for (const id of ids) {
      const entry = nodes.get(id);
      if (!entry) continue;
      const look = model.state.steps[id];
      look.at ??= performance.now();
      write(entry, look);
    }
  }

  function open(id) {
    focused(id);
    if (!model.state.steps) return;
    ui.opened = id;
    model.send({ act: "open", step: id });
    drawPanel();
  }

  function fold(node) {
    model.send({ act: "fold", step: node.id });
  }

  function focused(id) {
    if (ui.chosen !== id) nodes.get(ui.chosen)?.group.setAttribute("tabindex", "-1");
    ui.chosen = id;
    nodes.get(id)?.group.setAttribute("tabindex", "0");
  }

  function keyed(event, id) {
    const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const { key } = event;
    if (moves[key]) go(id, moves[key]);
    else if (key === " " && nodes.get(id).node.fold) fold(nodes.get(id).node);
    else if (key === "Enter" || key === " ") open(id);
    else if (key === "+" || key === "=") zoom(STEP);
    else if (key === "-") zoom(1 / STEP);
    else if (key === "0") fit();
    else if (key === "Escape" && ui.opened) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The nearest step in a direction. */
  function go(id, [across, down]) {
    const from = middle(nodes.get(id).node);
    let best = null;
    for (const [other, { node, group }] of nodes) {
      const to = middle(node);
      const ahead = (to[0] - from[0]) * across + (to[1] - from[1]) * down;
      const aside = Math.abs((to[0] - from[0]) * down) + Math.abs((to[1] - from[1]) * across);
      if (other !== id && ahead > 1 && (!best || ahead + 2 * aside < best.far)) best = { far: ahead + 2 * aside, group, other };
    }
    if (!best) return;
    focused(best.other);
    best.group.focus();
    reveal(nodes.get(best.other).node);
  }

  function reveal(node) {
    const [width, height] = [frame.clientWidth, frame.clientHeight];
    const [left, top] = [node.x * ui.scale + ui.x, node.y * ui.scale + ui.y];
    if (left < 0 || left + node.width * ui.scale > width) ui.x = width / 2 - (node.x + node.width / 2) * ui.scale;
    if (top < 0 || top + node.height * ui.scale > height) ui.y = height / 2 - (node.y + node.height / 2) * ui.scale;
    place();
  }

  function fit() {
    ui.free = false;
    const { width, height } = model.state.graph;
    const room = frame.clientWidth || 900;
    ui.scale = Math.min(1, (room - 2 * MARGIN) / width, Math.max((HIGHEST - 2 * MARGIN) / height, 0.3));
    ui.scale = Math.max(ui.scale, FARTHEST);
    const isTight = width * ui.scale > room - TOOLS[0]; // the buttons stand above it then, else beside it
    ui.x = MARGIN;
    ui.y = isTight ? TOOLS[1] : MARGIN;
    ui.height = undefined;
    place();
  }

  function zoom(by, x = frame.clientWidth / 2, y = frame.clientHeight / 2) {
    const scale = Math.min(Math.max(ui.scale * by, FARTHEST), CLOSEST);
    ui.x = x - ((x - ui.x) * scale) / ui.scale;
    ui.y = y - ((y - ui.y) * scale) / ui.scale;
    ui.scale = scale;
    ui.free = true;
    place();
  }

  function place() {
    const { height } = model.state.graph;
    ui.height ??= Math.min(height * ui.scale + ui.y + MARGIN, HIGHEST);
    frame.style.height = `${Math.max(ui.height, 60)}px`;
    layer.setAttribute("transform", `translate(${ui.x.toFixed(1)} ${ui.y.toFixed(1)}) scale(${ui.scale.toFixed(4)})`);
  }

  picture.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const box = picture.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const begin = { x: event.clientX - ui.x, y: event.clientY - ui.y, moved: false };
    const move = (now) => {
      if (!begin.moved && Math.hypot(now.clientX - begin.x - ui.x, now.clientY - begin.y - ui.y) < 4) return;
      if (!begin.moved) picture.setPointerCapture(event.pointerId);
      begin.moved = ui.free = true;
      ui.x = now.clientX - begin.x;
      ui.y = now.clientY - begin.y;
      place();
    };
    const up = () => {
      picture.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
    };
    picture.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
  });

  function close() {
    const { group } = nodes.get(ui.opened) ?? nodes.get(ui.chosen) ?? {};
    ui.opened = null;
    model.state.node = null;
    group?.focus();
    drawPanel();
  }

  function left(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  }

  function drawPanel() {
    shown(panel, Boolean(ui.opened));
    for (const [id, { group }] of nodes) {
      if (id === ui.opened) group.setAttribute("aria-current", "true");
      else group.removeAttribute("aria-current");
    }
    if (!ui.opened) return;
    const { node } = model.state;
    const is = node && node.step === ui.opened ? node : { step: ui.opened, loading: true };
    const look = model.state.steps?.[is.step] ?? {};
    const [word, sign] = STATES[look.state] ?? ["has not run", "·"];
    const about = is.about ?? [`${sign} ${word}`, look.seconds ? span(look.seconds) : "", look.note, is.worker && `on ${is.worker}`].filter(Boolean).join(" · ");
    panel.setAttribute("aria-label", `Step ${is.step}`);
    say(title.firstChild, is.step);
    say(said, ` · ${about}${is.loading ? " · reading…" : ""}`);
    say(notice, is.notice ?? "");
    undisturbed(panel, () => fill(is), actions.lastChild);
  }

  /** What has not changed stays, with what was unfolded and scrolled there. */
  function fill(is) {
    const commands = JSON.stringify([is.step, is.commands, is.upto]);
    if (actions.dataset.of !== commands) actions.replaceChildren(...offered(is));
    actions.dataset.of = commands;
    const made = { inputs: is.inputs?.length && is.inputs.join("\n"), code: is.source, input: is.input, result: is.result, error: is.error, log: is.log?.length && is.log.map((line) => plain(line)).join("\n") };
    for (const [name, part] of parts) {
      const value = made[name];
      const of = JSON.stringify([is.step, value ?? null]);
      shown(part.place.parentNode, Boolean(value));
      if (part.of !== of) part.place.replaceChildren(value ? (typeof value === "string" ? preformatted(name, value) : valueView(value)) : "");
      part.of = of;
    }
  }

  function offered(is) {
    const copies = (is.commands ?? []).map(([name, command]) => {
      const copy = button(name, `Copy: ${command}`, () => copied(copy, command), { "data-key": `step ${name}` });
      return copy;
    });
    const upto = is.upto ? button("run up to here", "Run the flow's steps up to this one, with the same arguments", () => model.send({ act: "upto", step: is.step }), { "data-key": "step upto" }) : "";
    return [...copies, upto, button("close", "Close (Esc)", close, { "data-key": "step close" })];
  }

  draw();
  drawPanel();
  everySecond(frame, () => mark(Object.entries(model.state.steps ?? {}).filter(([, look]) => look.state === "running").map(([id]) => id)));
  let width = 0;
  new ResizeObserver(() => { // as long as the person has not chosen another part of it, all of it is shown
    if (frame.clientWidth === width) return;
    width = frame.clientWidth;
    if (!ui.free && width) fit();
  }).observe(frame);

  return (changed) => {
    if (changed.graph) {
      draw();
      fit();
    } else if (changed.steps) mark(Object.keys(changed.steps));
    if ("node" in changed || changed.steps || changed.graph) drawPanel();
  };
}

/** A graph alone. @type {import("./dom.js").View} */
export function pictureView(model, element) {
  const root = h("article", { class: "fx", "aria-label": "Flow" });
  element.append(root);
  return graphView(model, root);
}

function preformatted(name, value) {
  return h("pre", { class: `fx-text${name === "error" ? " fx-error" : ""}`, dir: "auto", tabindex: "0", role: "group", "aria-label": name }, value);
}

function middle(node) {
  return [node.x + node.width / 2, node.y + node.height / 2];
}

function outline({ shape, x, y, width, height, frame }) {
  const round = { pass: height / 2, handler: 10, flow: 2, script: 2, loop: 8, fork: 8 }[shape] ?? 4;
  const box = (dx, dy, kind) => s("rect", { class: kind, x: x + dx, y: y + dy, width, height, rx: round });
  const sides = frame ? [] : { script: [5], flow: [5, width - 5] }[shape] ?? [];
  const stacked = shape === "folded" ? [box(6, 6, "fx-box"), box(3, 3, "fx-box")] : [];
  return [...stacked, box(0, 0, "fx-box"), ...sides.map((side) => s("path", { class: "fx-side", d: `M${x + side} ${y}v${height}` }))];
}

function edge({ points, dashed, head }) {
  return s("polyline", { class: `fx-edge${dashed ? " fx-dashed" : ""}`, points: points.map((point) => point.join(",")).join(" "), "marker-end": head ? "url(#fx-arrow)" : null });
}

function marker() {
  return s("defs", {}, s("marker", { id: "fx-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, s("path", { d: "M0 0 8 4 0 8z", class: "fx-tip" })));
}
