/** One run: how it stands, what can be done with it, its graph, log, arguments, result or error. */
import { DONE, STATES, button, copied, h, moment, say, short, shown, span, undisturbed, wholeSpan } from "./dom.js";
import { everySecond } from "./clock.js";
import { pieces } from "./ansi.js";
import { logView } from "./log.js";
import { valueView } from "./values.js";
import { graphView } from "./graph.js";
import { timelineView } from "./timeline.js";
import { approvalView } from "./approval.js";

const DOING = { cancel: "cancelling…", detach: "detaching…", rerun: "starting…" };

/** @type {import("./dom.js").View} */
export function runView(model, element) {
  const { ui } = model;
  ui.details ??= model.state.details ?? false;
  ui.tab ??= "graph";
  const parts = {}; // views inside, and what the details were drawn of
  const tab = (name) => button(name, `Show the ${name}`, () => { ui.tab = name; drawTabs(); }, { role: "tab" });
  const choices = { graph: tab("graph"), timeline: tab("timeline") };

  const dot = h("span", { class: "fx-sign", "aria-hidden": "true" });
  const subject = h("b", { class: "fx-subject", dir: "auto" });
  const words = h("span", { class: "fx-muted" });
  const state = h("span", { class: "fx-state", role: "status", "aria-live": "polite" });
  const clock = h("span", { class: "fx-clock" });
  const cancel = action("cancel", "Cancel", "End this run");
  const detach = action("detach", "Detach", "Go on with the notebook; the run goes on too");
  const rerun = action("rerun", "Run again", "Start it once more with the same arguments");
  const more = button("", "Times, arguments and where it ran", () => { ui.details = !ui.details; draw(); }, { "aria-expanded": "false", "data-key": "head details" });
  const notice = h("div", { class: "fx-notice", role: "alert", hidden: "" });
  const head = h("div", { class: "fx-head" }, dot, h("span", { class: "fx-line" }, subject, words, " · ", state, " ", clock), h("span", { class: "fx-actions" }, cancel, detach, rerun, more));
  const details = h("div", { class: "fx-details" });
  const approval = h("div");
  const tabs = h("div", { class: "fx-tabs", role: "tablist", "aria-label": "Picture", hidden: "", onkeydown: turned }, choices.graph, choices.timeline);
  const graph = h("div", { role: "tabpanel", "aria-label": "Graph" });
  const timeline = h("div", { role: "tabpanel", "aria-label": "Timeline" });
  const log = h("div");
  const outcome = h("div");
  const root = h("article", { class: "fx fx-run", "aria-label": "Run", tabindex: "-1" }, head, notice, details, approval, tabs, graph, timeline, log, outcome);
  element.append(root);

  function action(name, text, title) {
    const made = button(text, title, () => {
      if (ui.doing) return;
      ui.doing = name;
      model.send({ act: name });
      draw();
    }, { "data-key": `head ${name}` });
    return made;
  }

  /** Arrow keys choose the other picture. */
  function turned(event) {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    event.preventDefault();
    ui.tab = ui.tab === "graph" ? "timeline" : "graph";
    drawTabs();
    choices[ui.tab].focus();
  }

  function drawHead() {
    const now = model.state;
    const [word, sign] = STATES[now.state] ?? [now.state, "·"];
    root.dataset.state = now.state;
    root.setAttribute("aria-label", `Run ${now.subject}`);
    say(dot, sign);
    say(subject, now.subject);
    subject.title = now.subject;
    const said = [now.job ? `job ${short(now.job)}` : "", now.language, ...(now.notes ?? [])].filter(Boolean);
    say(words, said.length ? ` · ${said.join(" · ")}` : "");
    words.title = now.job ?? "";
    say(state, word);
    const may = new Set(now.actions ?? []);
    const doing = DOING[ui.doing];
    for (const [name, made, text] of [["cancel", cancel, "Cancel"], ["detach", detach, "Detach"], ["rerun", rerun, "Run again"]]) {
      shown(made, may.has(name));
      say(made, doing && ui.doing === name ? doing : text);
      made.setAttribute("aria-disabled", String(Boolean(doing)));
    }
    say(more, ui.details ? "▾ details" : "▸ details");
    more.setAttribute("aria-expanded", String(ui.details));
    say(notice, now.notice ?? "");
    shown(notice, Boolean(now.notice));
  }

  function drawClock() {
    const { clock: times, clock_at: since = performance.now(), state: is } = model.state;
    if (!times) return say(clock, "");
    if (!DONE.has(is)) return say(clock, wholeSpan(times.seconds + (performance.now() - since) / 1000));
    const waited = times.queued === undefined ? "" : ` (queued\u00a0${span(times.queued)})`;
    say(clock, `${is === "success" ? "" : "after "}${span(times.seconds)}${waited}`);
  }

  function drawDetails() {
    shown(details, ui.details);
    if (!ui.details) return;
    const now = model.state;
    const known = JSON.stringify([now.job, now.facts, now.arguments]);
    if (parts.known === known) return; // what was unfolded there stays, and the focus too
    parts.known = known;
    const rows = (now.facts ?? []).map(([name, value]) => [name, typeof value === "object" && value !== null ? h("span", {}, moment(value.at), value.by ? h("span", { dir: "auto" }, ` ${value.by}`) : "") : String(value)]);
    if (now.job) rows.unshift(["job", identity(now.job)]);
    if (now.arguments) rows.push(["arguments", valueView(now.arguments)]);
    details.replaceChildren(h("table", { class: "fx-facts" }, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { dir: "auto" }, value)))));
  }

  function identity(id) {
    const copy = button("copy", "Copy the job's id", () => copied(copy, id));
    return h("span", {}, h("code", {}, id), " ", copy);
  }

  function drawTabs() {
    const { graph: hasGraph, timeline: hasTimes } = model.state;
    shown(tabs, Boolean(hasGraph && hasTimes));
    shown(graph, Boolean(hasGraph) && (ui.tab === "graph" || !hasTimes));
    shown(timeline, Boolean(hasTimes) && ui.tab === "timeline");
    for (const [name, choice] of Object.entries(choices)) {
      choice.setAttribute("aria-selected", String(ui.tab === name));
      choice.tabIndex = ui.tab === name ? 0 : -1;
    }
    if (hasGraph && !parts.graph && !graph.hidden) parts.graph = graphView(model, graph);
    if (hasTimes && !parts.timeline && !timeline.hidden) parts.timeline = timelineView(model, timeline);
  }

  function drawOutcome() {
    const { result, error } = model.state;
    outcome.replaceChildren(
      ...(error ? [h("pre", { class: "fx-text fx-error", dir: "auto", tabindex: "0", "aria-label": "Error" }, error.flatMap((line) => [...pieces(line).map(({ text, classes }) => h("span", { class: classes.join(" ") }, text)), "\n"]))] : []),
      ...(result ? [h("div", { class: "fx-result", role: "group", "aria-label": "Result" }, valueView(result))] : []),
    );
  }

  function draw() {
    undisturbed(head, drawHead);
    drawClock();
    drawDetails();
  }

  draw();
  drawTabs();
  drawOutcome();
  if (model.state.log) parts.log = logView(model, log);
  if (model.state.approval) parts.approval = approvalView(model, approval);
  everySecond(root, drawClock);

  const update = (changed) => {
    if ("state" in changed || "actions" in changed || "notice" in changed) ui.doing = undefined;
    if (Object.keys(changed).some((name) => name !== "log")) draw();
    if ("graph" in changed || "timeline" in changed) drawTabs();
    if ("result" in changed || "error" in changed) drawOutcome();
    if (changed.log && !parts.log) parts.log = logView(model, log);
    if (changed.approval && !parts.approval) parts.approval = approvalView(model, approval);
    for (const part of Object.values(parts)) if (typeof part === "function") part(changed);
  };
  return (changed) => undisturbed(root, () => update(changed), root);
}
