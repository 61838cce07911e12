/** One run a row of a frame: how far it is, what came of each row, and the failed ones once more. */
import { STATES, button, h, placed, say, shown, span, undisturbed, walked } from "./dom.js";

/**
 * The state: `subject`; `total`, `ended` and `failed` rows; `going`; `rows` worth a look, each
 * `{number, state, given, gave, seconds, job}`; `open`, the id of the run shown below; `notice`.
 * It sends `cancel`, `retry` and `open`.
 * @type {import("./dom.js").View}
 */
export function rowsView(model, element) {
  const bar = h("progress", { class: "fx-progress", max: "1", value: "0", "aria-label": "Rows that have ended" });
  const heading = h("span", { class: "fx-line", role: "status" });
  const cancel = button("Cancel", "Start no more rows, and cancel what runs", () => once(cancel, "cancel"), { "data-key": "cancel" });
  const retry = button("", "Run the failed rows once more", () => once(retry, "retry"), { "data-key": "retry" });
  const notice = h("div", { class: "fx-notice", role: "alert", hidden: "" });
  const body = h("tbody");
  const titles = ["Row", "State", "Arguments", "Result", "Ran"].map((title) => h("th", { scope: "col", class: title === "Ran" ? "fx-numeric" : null }, title));
  const hidden = h("div", { class: "fx-muted fx-none", hidden: "" });
  const pane = h("div", { class: "fx-jobs-pane", tabindex: "0", role: "group", "aria-label": "Rows: arrow keys move between them" }, h("table", { class: "fx-table fx-jobs", role: "grid", "aria-label": "Rows" }, h("thead", {}, h("tr", {}, titles)), body), hidden);
  const walk = walked(body, "tr");
  const root = h("section", { class: "fx", "aria-label": "Rows" }, h("div", { class: "fx-head" }, bar, heading, h("span", { class: "fx-actions" }, cancel, retry)), notice, pane);
  element.append(root);
  const lines = new Map();

  function once(pressed, act) {
    if (pressed.ariaDisabled !== "true") model.send({ act });
    pressed.ariaDisabled = "true";
  }

  const draw = () => undisturbed(root, redraw);

  function redraw() {
    const { subject, total, ended, failed, going, rows = [] } = model.state;
    bar.max = Math.max(total, 1);
    bar.value = ended;
    say(heading, `${subject} · ${ended.toLocaleString()} of ${total.toLocaleString()} rows${failed ? ` · ${failed.toLocaleString()} failed` : ""}`);
    shown(cancel, going === true);
    shown(retry, going !== true && failed > 0);
    say(retry, `Retry ${failed.toLocaleString()} failed`);
    cancel.ariaDisabled = retry.ariaDisabled = "false";
    shown(notice, Boolean(model.state.notice));
    say(notice, model.state.notice ?? "");
    placed(body, rows.map(line));
    shown(hidden, total > rows.length);
    walk();
    say(hidden, `${(total - rows.length).toLocaleString()} more rows are in the frame`);
  }

  /** A row's line, which stays as long as nothing of it has changed. */
  function line(row) {
    const text = JSON.stringify([row, row.job === model.state.open]);
    const known = lines.get(row.number);
    if (known?.text === text) return known.element;
    lines.set(row.number, { text, element: drawn(row) });
    return lines.get(row.number).element;
  }

  function drawn(row) {
    const [word, sign] = STATES[row.state] ?? ["waits", "…"];
    const number = row.job ? h("button", { type: "button", class: "fx-title fx-open", "data-key": `${row.number} open`, title: `Show this run below · job ${row.job}`, "aria-label": `Row ${row.number}: show its run below`, onclick: () => model.send({ act: "open", job: row.job }) }, String(row.number)) : String(row.number);
    return h("tr", { "data-state": row.state || "queued", class: row.job && row.job === model.state.open ? "fx-is-open" : null },
      h("td", {}, number),
      h("td", { class: "fx-job-state" }, h("span", { class: "fx-mark", "aria-hidden": "true" }, sign), ` ${word}`),
      h("td", { dir: "auto", title: row.given }, row.given),
      h("td", { dir: "auto", title: row.gave }, row.gave),
      h("td", { class: "fx-numeric" }, row.seconds === null ? "" : span(row.seconds)));
  }

  draw();
  return draw;
}
