/** The magic line that does what a form says. */
import { literal } from "./dom.js";

const PYTHON_WORDS = new Set(["True", "False", "None", "NaN", "Infinity", "-Infinity"]); // Python's, which a line takes for values
const VARIABLE_NAME = /^[A-Za-z_]\w*$/;
const BARE = /^(?:\$(?:res|var):)?[\w./:@%+,-]+$/;

/** A value as a magic's line takes it: bare where that is clear, else as JSON. */
export function written(value) {
  if (typeof value !== "string") return literal(value);
  return BARE.test(value) && !isJson(value) && !PYTHON_WORDS.has(value) ? value : literal(value);
}

function isJson(text) {
  try {
    return typeof JSON.parse(text) !== "string";
  } catch {
    return false;
  }
}

/** The whole line: only what differs from the defaults is said, and no secret. */
export function magicLine(start, values, properties) {
  const said = Object.entries(values).filter(([name, value]) => value !== undefined && !alike(value, properties[name]?.default));
  return [start, ...said.map(([name, value]) => `${name}=${isSecret(properties[name], value) ? hidden(name) : written(value)}`)].join(" ");
}

/** Whether a value must not be read over a shoulder, nor be saved; the path of a variable may. */
function isSecret(property, value) {
  const isKept = property?.password === true || property?.format === "password";
  return isKept && !(typeof value === "string" && value.startsWith("$var:"));
}

/** Where a secret comes from instead: a variable of the kernel. */
function hidden(name) {
  return `$${VARIABLE_NAME.test(name) ? name : "secret"}`;
}

function alike(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
