/** A flow's graph, placed by the kernel or a server: zoomed, moved, folded; a step opens on a click. */
import { STATES, button, copied, h, s, say, shown, span, wholeSpan } from "./dom.js";
import { everySecond } from "./clock.js";
import { plain } from "./ansi.js";
import { valueView } from "./values.js";

const HIGHEST = 460; // pixels of the picture in the page
const CLOSEST = 3;
const FARTHEST = 0.05;
const MARGIN = 8;
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
  const frame = h("div", { class: "fx-canvas" }, picture, tools);
  const panel = h("section", { class: "fx-panel", hidden: "", "aria-label": "Step" });
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
    const first = nodes.get(ui.chosen) ?? nodes.values().next().value;
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
    ui.x = MARGIN;
    ui.y = MARGIN;
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
    ui.height ??= Math.min(height * ui.scale + 2 * MARGIN, HIGHEST);
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
    ui.opened = null;
    model.state.node = null;
    drawPanel();
    nodes.get(ui.chosen)?.group.focus();
  }

  function drawPanel() {
    const { node } = model.state;
    shown(panel, Boolean(ui.opened));
    if (!ui.opened) return;
    const is = node && node.step === ui.opened ? node : { step: ui.opened, loading: true };
    const look = model.state.steps?.[is.step] ?? {};
    const [word, sign] = STATES[look.state] ?? ["has not run", "·"];
    const said = is.about ?? [`${sign} ${word}`, look.seconds ? span(look.seconds) : "", look.note, is.worker && `on ${is.worker}`].filter(Boolean).join(" · ");
    const lines = (is.commands ?? []).map(([text, command]) => {
      const copy = button(text, `Copy: ${command}`, () => copied(copy, command));
      return copy;
    });
    if (is.upto) lines.push(button("run up to here", "Run the flow's steps up to this one, with the same arguments", () => model.send({ act: "upto", step: is.step })));
    panel.replaceChildren(
      h("div", { class: "fx-head" }, h("span", { class: "fx-line" }, h("b", { dir: "auto" }, is.step), h("span", { class: "fx-muted" }, ` · ${said}`)), h("span", { class: "fx-actions" }, ...lines, button("close", "Close (Esc)", close))),
      ...(is.loading ? [h("div", { class: "fx-muted" }, "reading…")] : []),
      ...(is.notice ? [h("div", { class: "fx-notice" }, is.notice)] : []),
      ...part("inputs", is.inputs?.length ? h("pre", { class: "fx-text", dir: "auto" }, is.inputs.join("\n")) : null),
      ...part("code", is.source && h("pre", { class: "fx-text", dir: "auto", tabindex: "0" }, is.source)),
      ...part("input", is.input && valueView(is.input)),
      ...part("result", is.result && valueView(is.result)),
      ...part("error", is.error && h("pre", { class: "fx-text fx-error", dir: "auto" }, is.error)),
      ...part("log", is.log?.length ? h("pre", { class: "fx-text", dir: "auto", tabindex: "0" }, is.log.map((line) => plain(line)).join("\n")) : null),
    );
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
    if ("node" in changed || changed.steps) drawPanel();
  };
}

/** A graph alone. @type {import("./dom.js").View} */
export function pictureView(model, element) {
  const root = h("article", { class: "fx", "aria-label": "Flow" });
  element.append(root);
  return graphView(model, root);
}

function part(name, content) {
  return content ? [h("div", { class: "fx-part" }, h("span", { class: "fx-muted" }, name), content)] : [];
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
