/** What a flow waits for: its question, the fields that it asks for, and the two answers. */
import { button, h, say, shown, undisturbed } from "./dom.js";

/**
 * The state's `approval` is `{step, message, missing, approvers, fields}`, null when nothing is waited for.
 * @type {import("./dom.js").View}
 */
export function approvalView(model, element) {
  const ui = (model.ui.approval ??= { values: {}, sent: null });
  const root = h("section", { class: "fx-approval", "aria-label": "Approval", hidden: "" });
  element.append(root);
  let drawnFor = null;

  function draw() {
    const { approval } = model.state;
    shown(root, Boolean(approval));
    if (!approval) {
      ui.values = {};
      ui.sent = drawnFor = null;
      return;
    }
    const given = JSON.stringify(approval);
    if (drawnFor === given && !model.state.notice) return;
    drawnFor = given;
    ui.sent = null;
    undisturbed(root, () => ask(approval), root);
  }

  function ask(approval) {
    const fields = approval.fields.map((field) => input(field));
    const problem = h("div", { class: "fx-notice", role: "alert" });
    const answer = (act) => {
      if (ui.sent) return;
      const wrong = act === "approve" && fields.find(({ control }) => !control.checkValidity());
      if (wrong) {
        say(problem, `${wrong.field.title || wrong.field.name}: ${wrong.control.validationMessage}`);
        wrong.control.focus();
        return;
      }
      const value = Object.fromEntries(fields.map(({ field, read }) => [field.name, read()]).filter(([, given]) => given !== undefined));
      ui.sent = act;
      model.send({ act, value: fields.length ? value : null });
      for (const made of [yes, no]) made.ariaDisabled = "true";
      say(act === "approve" ? yes : no, act === "approve" ? "approving…" : "refusing…");
    };
    const yes = button("Approve", "Let the flow go on", () => answer("approve"), { "data-key": "answer approve" });
    yes.classList.add("fx-yes");
    const no = button("Refuse", "End it here", () => answer("refuse"), { "data-key": "answer refuse" });
    const missing = approval.missing > 1 ? ` · ${approval.missing} approvals are missing` : "";
    const by = approval.approvers.length ? [" · approved by ", h("bdi", {}, approval.approvers.join(", "))] : "";
    root.replaceChildren(
      h("div", { class: "fx-line" }, h("b", {}, "‖ "), h("b", { dir: "auto" }, approval.step), ` waits for an approval${missing}`, by),
      approval.message ? h("div", { class: "fx-question", dir: "auto" }, approval.message) : "",
      h("form", { class: "fx-fields", onsubmit: (event) => { event.preventDefault(); answer("approve"); } }, fields.map(({ label }) => label)),
      h("div", { class: "fx-actions" }, yes, no),
      problem,
    );
  }

  function input(field) {
    const kept = ui.values[field.name] ?? field.default;
    const id = `fx-${field.name}`;
    const common = { id, name: field.name, "data-key": `field ${field.name}`, required: field.required, "aria-describedby": field.description ? `${id}-about` : null };
    let control;
    let read = () => (control.value === "" ? undefined : control.value);
    if (field.enum) {
      control = h("select", common, field.required ? [] : h("option", { value: "" }, ""), field.enum.map((choice, at) => h("option", { value: String(at), selected: choice === kept }, String(choice))));
      read = () => (control.value === "" ? undefined : field.enum[Number(control.value)]);
    } else if (field.type === "boolean") {
      control = h("input", { ...common, required: null, type: "checkbox", checked: Boolean(kept) });
      read = () => control.checked;
    } else if (field.type === "number" || field.type === "integer") {
      control = h("input", { ...common, type: "number", step: field.type === "integer" ? "1" : "any", min: field.minimum, max: field.maximum, value: kept });
      read = () => (control.value === "" ? undefined : Number(control.value));
    } else if (field.type === "object" || field.type === "array") {
      control = h("textarea", { ...common, rows: "2", spellcheck: "false", dir: "ltr", oninput: () => check() }, kept === undefined || kept === null ? "" : JSON.stringify(kept));
      const check = () => {
        try {
          if (control.value) JSON.parse(control.value);
          control.setCustomValidity("");
        } catch {
          control.setCustomValidity('Write JSON, such as ["a", "b"]');
        }
      };
      read = () => (control.value ? JSON.parse(control.value) : undefined);
    } else {
      const type = { date: "date", "date-time": "datetime-local", email: "email", password: "password" }[field.format] ?? "text";
      control = h("input", { ...common, type, dir: "auto", value: kept, minlength: field.minLength, maxlength: field.maxLength, pattern: field.pattern });
    }
    control.addEventListener("input", () => { ui.values[field.name] = read(); });
    const about = field.description ? h("span", { class: "fx-muted", id: `${id}-about`, dir: "auto" }, field.description) : "";
    const label = h("label", { class: "fx-field" }, h("span", { class: "fx-field-name", title: field.name }, h("bdi", {}, field.title || field.name), field.required ? h("span", { class: "fx-needed", "aria-hidden": "true" }, "*") : ""), control, about);
    return { field, control, read, label };
  }

  draw();
  return (changed) => ("approval" in changed || "notice" in changed) && draw();
}
