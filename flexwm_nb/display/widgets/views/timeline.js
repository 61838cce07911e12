/** Where a run's time went: a row a step with its wait, its preparation and its work; the critical path is marked. */
import { STATES, h, span } from "./dom.js";

const SHOWN = 300; // rows
const TICKS = 5;

/**
 * The state's `timeline` is `{total, rows: [{step, deep, state, begin, start, end, ready, critical}]}`, in seconds.
 * @type {import("./dom.js").View}
 */
export function timelineView(model, element) {
  const root = h("div", { class: "fx-timeline" });
  element.append(root);

  function draw() {
    const { total, rows } = model.state.timeline;
    const at = (seconds) => `${((100 * Math.max(seconds, 0)) / (total || 1)).toFixed(3)}%`;
    const long = (from, to) => `max(2px, ${at(to - from)})`;
    const axis = h("div", { class: "fx-axis" }, ticks(total).map((seconds) => h("span", { style: `inset-inline-start:${at(seconds)}` }, label(seconds))));
    const made = rows.slice(0, SHOWN).map((row) => {
      const [word, sign] = STATES[row.state] ?? ["", "·"];
      const waited = row.start - row.begin;
      const prepared = (row.ready ?? row.start) - row.start;
      const ran = row.end - (row.ready ?? row.start);
      const said = [row.step, word, `waited ${span(waited)}`, prepared > 0 && `environment ${span(prepared)}`, `ran ${span(ran)}`, row.critical && "on the critical path"].filter(Boolean).join(", ");
      const bars = [
        h("span", { class: "fx-wait", style: `inset-inline-start:${at(row.begin)};width:${at(waited)}` }),
        prepared > 0 && h("span", { class: "fx-ready", style: `inset-inline-start:${at(row.start)};width:${at(prepared)}` }),
        h("span", { class: "fx-ran", "data-state": row.state, style: `inset-inline-start:${at(row.ready ?? row.start)};width:${long(row.ready ?? row.start, row.end)}` }),
      ];
      const name = h("span", { class: "fx-step", role: "rowheader", style: `padding-inline-start:${row.deep}em` }, `${sign} `, h("bdi", {}, row.label));
      return h("div", { class: `fx-span${row.critical ? " fx-critical" : ""}`, role: "row", title: said, "aria-label": said }, name, h("span", { class: "fx-track", role: "cell" }, ...bars), h("span", { class: "fx-took", role: "cell" }, span(ran)));
    });
    const hidden = rows.length - SHOWN;
    const legend = h("div", { class: "fx-muted fx-legend" }, h("span", { class: "fx-wait" }), " waited  ", rows.some((row) => row.ready > row.start) && [h("span", { class: "fx-ready" }), " environment  "], h("span", { class: "fx-ran" }), " ran  ", h("b", {}, "◆"), " critical path", hidden > 0 ? `  · ${hidden} steps more: %windmill_job` : "");
    const top = h("div", { class: "fx-span", "aria-hidden": "true" }, h("span", { class: "fx-step" }), axis, h("span", { class: "fx-took" }));
    root.replaceChildren(h("div", { role: "table", "aria-label": "Timeline of the run" }, top, made), legend);
  }
  draw();
  return (changed) => changed.timeline && draw();
}

function label(seconds) {
  return seconds === 0 ? "0" : span(seconds).replace(/\.?0+(?=\u00a0s$)/, "");
}

function ticks(total) {
  if (!(total > 0)) return [0];
  const rough = total / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, number) => number * step);
}
