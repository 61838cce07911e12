/**
 * The controls of a form, one for each kind of value that a schema describes.
 *
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {() => any} read  the value; undefined where nothing was given
 * @property {() => string | null} problem  what is wrong with it, in words
 * @property {() => void} focus
 * @property {(choices: Record<string, string[]>) => void} [offer]  paths that may be picked
 *
 * @typedef {object} Context
 * @property {(changed?: boolean) => void} changed  something was typed
 * @property {(kind: string, type: string) => void} pick  paths of variables or resources are wanted
 * @property {() => string} id  a new id for a control
 */
import { button, h, say, shown } from "./dom.js";

const NO_CHOICE = "";
const COMPUTED = "<function call>"; // Windmill's mark
const INPUTS = { date: "date", "date-time": "datetime-local", time: "time", email: "email", uri: "url", password: "password", color: "color" };
const LONG_FORMATS = new Set(["sql", "yaml", "textarea", "markdown", "json"]);
const LARGEST_FILE = 20_000_000; // bytes

/** The control for a schema. @returns {Control} */
export function control(schema, initial, required, context) {
  const given = initial === undefined ? known(schema.default) : initial;
  const made = kindOf(schema)(schema, given, required, context);
  return isNullable(schema) ? nullable(made, given, context) : made;
}

/** A default as it stands in a control; one that is computed when the script runs is left to the script. */
function known(value) {
  return value === COMPUTED ? undefined : value ?? undefined;
}

function kindOf(schema) {
  const type = typeOf(schema);
  if (Array.isArray(schema.oneOf) && schema.oneOf.length) return oneOf;
  if (Array.isArray(schema.enum)) return choice;
  if (/^(?:resource|variable)-/.test(schema.format ?? "")) return picked;
  if (type === "boolean") return yesOrNo;
  if (type === "integer" || type === "number") return number;
  if (type === "array") return list;
  if (type === "object") return schema.properties && Object.keys(schema.properties).length ? group : json;
  if (type === "string") return schema.contentEncoding === "base64" ? file : text;
  return json;
}

function typeOf(schema) {
  const types = [schema.type].flat().filter((type) => type && type !== "null");
  return types.length === 1 ? types[0] : "";
}

function isNullable(schema) {
  return schema.nullable === true || (Array.isArray(schema.type) && schema.type.includes("null"));
}

/** The words of a browser about an input that is wrong, or our own. */
function validity(input, required, empty) {
  return () => {
    if (empty()) return required ? "a value is needed" : null;
    return input.checkValidity() ? null : input.validationMessage;
  };
}

/** Text: of one line or several, a date, an address, a secret. */
function text(schema, given, required, context) {
  const format = schema.password ? "password" : schema.format;
  const common = {
    id: context.id(), placeholder: schema.placeholder ?? (schema.examples?.[0] ?? null),
    autocomplete: "off", spellcheck: "false", dir: "auto", oninput: () => context.changed(),
  };
  const isLong = LONG_FORMATS.has(format) || (typeof given === "string" && given.includes("\n"));
  const value = given === undefined || given === null ? "" : String(given);
  const input = isLong
    ? h("textarea", { ...common, rows: String(schema.minRows ?? Math.min(12, value.split("\n").length + 1)) }, value)
    : h("input", { ...common, type: INPUTS[format] ?? "text", value: atInput(format, value), step: format === "date-time" ? "1" : null });
  const read = () => {
    if (input.value === "") return undefined;
    return format === "date-time" ? isoTime(input.value) : input.value;
  };
  const problem = () => {
    if (format === "password" && input.value.startsWith("$var:")) return null;
    const length = [...input.value].length;
    if (length && length < schema.minLength) return `at least ${schema.minLength} characters are needed`;
    if (length > schema.maxLength) return `at most ${schema.maxLength} characters are taken`;
    const found = validity(input, required, () => input.value === "")();
    if (found || !length || !schema.pattern || matches(schema.pattern, input.value)) return found;
    return schema.customErrorMessage ?? `it has to match ${schema.pattern}`;
  };
  const secret = format === "password" ? reference(input, "variable", "", "$var:", context) : null;
  return { element: secret ? h("span", { class: "fx-pick" }, input, secret.element) : input, read, problem, focus: () => input.focus(), offer: secret?.offer };
}

function matches(pattern, value) {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return true;
  }
}

/** A text as the browser's input takes it. */
function atInput(format, value) {
  if (format === "date-time") return localTime(value);
  return format === "date" ? value.slice(0, 10) : value;
}

/** A moment in local time. */
function localTime(iso) {
  const date = new Date(iso);
  if (!iso || Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function isoTime(local) {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? local : date.toISOString();
}

/** A number, within its limits. */
function number(schema, given, required, context) {
  const isWhole = typeOf(schema) === "integer";
  const least = schema.minimum ?? schema.min;
  const most = schema.maximum ?? schema.max;
  const input = h("input", {
    id: context.id(), type: "number", inputmode: isWhole ? "numeric" : "decimal", step: isWhole ? "1" : "any",
    min: least, max: most, value: given ?? "", oninput: () => context.changed(),
  });
  const isEmpty = () => input.value === "" && !input.validity?.badInput;
  const problem = () => {
    if (isEmpty()) return required ? "a value is needed" : null;
    const value = input.value === "" ? NaN : Number(input.value);
    if (Number.isNaN(value)) return "this is not a number";
    if (isWhole && !Number.isInteger(value)) return "a whole number is needed";
    if (isWhole && !Number.isSafeInteger(value)) return "it is too large to be kept exactly here: give it in the line";
    if (value < least) return `it has to be ${least} or more`;
    if (value > most) return `it has to be ${most} or less`;
    if (value <= schema.exclusiveMinimum) return `it has to be more than ${schema.exclusiveMinimum}`;
    if (value >= schema.exclusiveMaximum) return `it has to be less than ${schema.exclusiveMaximum}`;
    return isMultiple(value, schema.multipleOf) ? null : `it has to be a multiple of ${schema.multipleOf}`;
  };
  return { element: input, read: () => (isEmpty() ? undefined : Number(input.value)), problem, focus: () => input.focus() };
}

function isMultiple(value, of) {
  if (!(of > 0)) return true;
  const times = value / of;
  return Math.abs(times - Math.round(times)) < 1e-9;
}

/** Yes or no; where it may be left out, neither. */
function yesOrNo(schema, given, required, context) {
  if (required || typeof (schema.default ?? given) === "boolean") {
    const input = h("input", { id: context.id(), type: "checkbox", onchange: () => context.changed() });
    input.checked = Boolean(given);
    return { element: input, read: () => input.checked, problem: () => null, focus: () => input.focus() };
  }
  return choice({ enum: [true, false], enumLabels: { true: "yes", false: "no" } }, given, false, context);
}

/** One of several values. */
function choice(schema, given, required, context) {
  const values = schema.enum;
  const at = values.findIndex((value) => JSON.stringify(value) === JSON.stringify(given));
  const mayBeLeft = !required || at < 0;
  const select = h("select", { id: context.id(), onchange: () => context.changed() },
    mayBeLeft ? h("option", { value: NO_CHOICE }, "") : "",
    values.map((value, place) => h("option", { value: String(place) }, schema.enumLabels?.[String(value)] ?? named(value))));
  select.value = at < 0 ? NO_CHOICE : String(at);
  const read = () => (select.value === NO_CHOICE ? undefined : values[Number(select.value)]);
  return { element: select, read, problem: () => (required && read() === undefined ? "choose one" : null), focus: () => select.focus() };
}

function named(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Any value as JSON; what is none is a text where the schema does not say otherwise. */
function json(schema, given, required, context) {
  const takesText = !typeOf(schema);
  const shownAs = given === undefined || given === null ? "" : typeof given === "string" && takesText ? given : JSON.stringify(given, null, 2);
  const input = h("textarea", { id: context.id(), rows: String(Math.min(10, shownAs.split("\n").length + 1)), spellcheck: "false", class: "fx-json", dir: "ltr", oninput: () => context.changed() }, shownAs);
  const parsed = () => {
    try {
      return [JSON.parse(input.value), null];
    } catch (error) {
      return takesText ? [input.value, null] : [undefined, String(error.message ?? error)];
    }
  };
  const read = () => (input.value.trim() === "" ? undefined : parsed()[0]);
  const problem = () => {
    if (input.value.trim() === "") return required ? "a value is needed" : null;
    const [value, wrong] = parsed();
    if (wrong) return `this is not JSON: ${wrong}`;
    if (typeOf(schema) === "object" && (typeof value !== "object" || value === null || Array.isArray(value))) return 'write an object, such as {"name": 1}';
    if (typeOf(schema) === "array" && !Array.isArray(value)) return "write a list, such as [1, 2]";
    return null;
  };
  return { element: input, read, problem, focus: () => input.focus() };
}

/** Named values together. */
function group(schema, given, required, context) {
  const inner = fields(schema, given ?? {}, context);
  const fieldset = h("fieldset", { class: "fx-group" }, inner.element);
  const read = () => {
    const found = inner.read();
    return required || Object.keys(found).length ? found : undefined;
  };
  return { element: fieldset, read, problem: () => (read() === undefined ? null : inner.problem()), focus: inner.focus, offer: inner.offer };
}

/** One of several kinds of object, each with fields of its own. */
function oneOf(schema, given, required, context) {
  const kinds = schema.oneOf;
  const tag = ["kind", "label"].find((name) => kinds.every((kind) => kind.properties?.[name]));
  const name = (kind) => kind.title ?? kind.properties?.[tag]?.enum?.[0] ?? "";
  let at = Math.max(kinds.findIndex((kind) => tag && given?.[tag] === name(kind)), required || given ? 0 : -1);
  const select = h("select", { id: context.id(), onchange: () => { at = Number(select.value); draw(undefined); context.changed(); } },
    required ? "" : h("option", { value: "-1" }, ""), kinds.map((kind, place) => h("option", { value: String(place) }, String(name(kind)))));
  const place = h("div");
  let inner = null;
  function draw(values) {
    if (at < 0) {
      inner = null;
      place.replaceChildren();
      return;
    }
    const properties = { ...kinds[at].properties };
    if (tag) delete properties[tag];
    inner = fields({ ...kinds[at], properties, required: (kinds[at].required ?? []).filter((field) => field !== tag) }, values ?? {}, context);
    place.replaceChildren(h("fieldset", { class: "fx-group" }, inner.element));
  }
  select.value = String(at);
  draw(given);
  const read = () => (inner ? { ...(tag ? { [tag]: name(kinds[at]) } : {}), ...inner.read() } : undefined);
  return { element: h("div", {}, select, place), read, problem: () => inner?.problem() ?? null, focus: () => select.focus(), offer: (choices) => inner?.offer?.(choices) };
}

/** Several values, one below the other. */
function list(schema, given, required, context) {
  const items = schema.items ?? {};
  if (Array.isArray(items.enum)) return several(items.enum, given, required, context);
  const rows = h("div", { class: "fx-list", role: "list" });
  const controls = new Map();
  const limit = schema.maxItems ?? Infinity;
  function add(value, isNew) {
    const made = control(items, value, true, context);
    const gone = button("×", "Take it out", () => { takeOut(row); context.changed(); });
    const row = h("div", { class: "fx-list-row", role: "listitem" }, made.element, gone);
    controls.set(row, made);
    rows.append(row);
    count();
    if (isNew) {
      made.focus();
      context.changed();
    }
  }
  /** The next one, or the last, can be taken out at once. */
  function takeOut(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    controls.delete(row);
    row.remove();
    count();
    (next?.lastElementChild ?? more).focus();
  }
  /** Say to those who cannot see it which one is which. */
  function count() {
    [...controls.keys()].forEach((row, at) => {
      row.firstElementChild.matches("input, select, textarea") ? row.firstElementChild.setAttribute("aria-label", `item ${at + 1}`) : row.setAttribute("aria-label", `item ${at + 1}`);
      row.lastElementChild.setAttribute("aria-label", `Take item ${at + 1} out`);
    });
  }
  const more = button("+ add", "One more", () => controls.size < limit && add(undefined, true));
  for (const value of Array.isArray(given) ? given : []) add(value, false);
  const read = () => {
    const found = [...controls.values()].map((made) => made.read());
    return found.length || required ? found : undefined;
  };
  const problem = () => {
    const wrong = [...controls.values()].map((made, place) => [place, made.problem()]).find(([, said]) => said);
    if (wrong) return `item ${wrong[0] + 1}: ${wrong[1]}`;
    if (controls.size < (schema.minItems ?? 0)) return `at least ${schema.minItems} are needed`;
    return null;
  };
  return { element: h("div", {}, rows, more), read, problem, focus: () => more.focus(), offer: (choices) => [...controls.values()].forEach((made) => made.offer?.(choices)) };
}

/** Any number of given values. */
function several(values, given, required, context) {
  const chosen = new Set((Array.isArray(given) ? given : []).map(named));
  const boxes = values.map((value) => {
    const box = h("input", { type: "checkbox", onchange: () => context.changed() });
    box.checked = chosen.has(named(value));
    return [value, box];
  });
  const read = () => {
    const found = boxes.filter(([, box]) => box.checked).map(([value]) => value);
    return found.length || required ? found : undefined;
  };
  const element = h("div", { class: "fx-several", role: "group" }, boxes.map(([value, box]) => h("label", {}, box, ` ${named(value)}`)));
  return { element, read, problem: () => null, focus: () => boxes[0]?.[1].focus() };
}

/** The content of a file, as base64. */
function file(schema, given, required, context) {
  let content = typeof given === "string" ? given : undefined;
  let wrong = null;
  const about = h("span", { class: "fx-muted" }, content ? `${Math.round((content.length * 3) / 4).toLocaleString()} bytes` : "");
  const input = h("input", { id: context.id(), type: "file", onchange: () => {
    const [found] = input.files;
    if (!found) return;
    wrong = found.size > LARGEST_FILE ? `the file has ${(found.size / 1e6).toFixed(0)} MB; ${LARGEST_FILE / 1e6} MB is the most` : null;
    if (wrong) {
      context.changed();
      return;
    }
    const reader = new FileReader();
    reader.onload = () => {
      content = String(reader.result).split(",", 2)[1] ?? "";
      say(about, `${found.size.toLocaleString()} bytes`);
      context.changed();
    };
    reader.readAsDataURL(found);
  } });
  return { element: h("span", { class: "fx-pick" }, input, about), read: () => content, problem: () => wrong ?? (required && content === undefined ? "choose a file" : null), focus: () => input.focus() };
}

/** A resource or variable by its path; a resource may be written out as JSON too. */
function picked(schema, given, required, context) {
  const [, kind, type] = /^(resource|variable)-(.*)$/.exec(schema.format);
  const sign = kind === "resource" ? "$res:" : "$var:";
  const value = typeof given === "string" ? given.replace(sign, "") : given === undefined || given === null ? "" : JSON.stringify(given);
  const input = h("input", { id: context.id(), type: "text", value, placeholder: type === "s3_object" ? "key of a file" : `path of a ${type || kind}`, autocomplete: "off", spellcheck: "false", dir: "ltr", oninput: () => context.changed() });
  const list = reference(input, kind, type, "", context);
  const isJson = () => input.value.trim().startsWith("{");
  const read = () => {
    const said = input.value.trim();
    if (said === "") return undefined;
    if (isJson()) {
      try {
        return JSON.parse(said);
      } catch {
        return undefined;
      }
    }
    if (type === "s3_object") return { s3: said };
    return said.startsWith("$") ? said : `${sign}${said}`;
  };
  const problem = () => {
    if (input.value.trim() === "") return required ? "a value is needed" : null;
    return read() === undefined ? "this is not JSON" : null;
  };
  return { element: h("span", { class: "fx-pick" }, input, type === "s3_object" ? "" : list.element), read, problem, focus: () => input.focus(), offer: list.offer };
}

/** A list of paths that fills an input. */
function reference(input, kind, type, sign, context) {
  const select = h("select", { class: "fx-paths", "aria-label": `Choose a ${kind}`, title: `Choose a ${kind}`,
    onfocus: () => context.pick(kind, type), onmousedown: () => context.pick(kind, type),
    onchange: () => {
      if (!select.value) return;
      if (sign) input.type = "text";
      input.value = `${sign}${select.value}`;
      select.value = "";
      context.changed();
    } }, h("option", { value: "" }, "pick…"));
  const offer = (choices) => {
    const paths = choices[`${kind} ${type}`.trim()];
    if (!paths || select.dataset.shown === paths.join("\n")) return;
    select.dataset.shown = paths.join("\n");
    const none = h("option", { value: "" }, paths.length ? "pick…" : `no ${type || kind} there`);
    select.replaceChildren(none, ...paths.map((path) => h("option", { value: path }, path)));
  };
  return { element: select, offer };
}

/** A control that may be null. */
function nullable(made, given, context) {
  const box = h("input", { type: "checkbox", onchange: () => { draw(); context.changed(); } });
  box.checked = given === null;
  const place = h("span", { class: "fx-nullable-value" }, made.element);
  const draw = () => shown(place, !box.checked);
  draw();
  return {
    ...made,
    element: h("span", { class: "fx-nullable" }, place, h("label", { class: "fx-muted" }, box, " null")),
    read: () => (box.checked ? null : made.read()),
    problem: () => (box.checked ? null : made.problem()),
  };
}

/** All fields of an object's schema, in their order, each with its label, description and what is wrong with it. */
export function fields(schema, given, context) {
  const properties = schema.properties ?? {};
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const order = (Array.isArray(schema.order) ? schema.order : []).filter((name) => Object.hasOwn(properties, name));
  const made = [...new Set([...order, ...Object.keys(properties)])].map((name) => {
    const property = typeof properties[name] === "object" && properties[name] !== null ? properties[name] : {};
    const found = control(property, Object.hasOwn(given, name) ? given[name] : undefined, required.has(name), context);
    const wrong = h("span", { class: "fx-wrong", role: "alert", id: context.id(), hidden: "" });
    const target = found.element.matches?.("input, select, textarea") ? found.element : found.element.querySelector("input, select, textarea");
    target?.setAttribute("aria-describedby", wrong.id);
    target?.setAttribute("aria-required", String(required.has(name)));
    if (target) target.dataset.field = name;
    const about = property.description ? h("span", { class: "fx-muted", dir: "auto" }, property.description) : "";
    const title = h("span", { class: "fx-field-name", title: name }, h("bdi", {}, property.title || name), required.has(name) ? h("span", { class: "fx-needed", title: "needed", "aria-hidden": "true" }, "*") : "");
    const isOne = found.element === target || found.element.classList?.contains("fx-pick");
    const line = h(isOne ? "label" : "div", { class: "fx-field", role: isOne ? null : "group", "aria-label": isOne ? null : property.title || name }, title, h("span", { class: "fx-control" }, found.element), about, wrong);
    return { name, control: found, wrong, line, touched: false };
  });
  for (const field of made) field.line.addEventListener("focusout", () => { field.touched = true; context.changed(false); });
  return {
    element: h("div", { class: "fx-fields" }, made.map(({ line }) => line)),
    read: () => Object.fromEntries(made.map(({ name, control: found }) => [name, found.read()]).filter(([, value]) => value !== undefined)),
    /** What is wrong, the first of it in words; the rest is shown where it is. */
    problem: (all = false) => {
      let first = null;
      for (const field of made) {
        const said = field.control.problem();
        field.touched ||= all;
        const isSeen = said !== null && field.touched;
        shown(field.wrong, isSeen);
        if (isSeen) say(field.wrong, said);
        field.line.classList.toggle("fx-is-wrong", isSeen);
        if (said && !first) first = `${field.name}: ${said}`;
      }
      return first;
    },
    focus: () => made[0]?.control.focus(),
    focusWrong: () => made.find((field) => field.control.problem())?.control.focus(),
    offer: (choices) => made.forEach((field) => field.control.offer?.(choices)),
  };
}
