/** The magic line that does what a form says. */

const BARE = /^(?:\$(?:res|var):)?[\w./:@%+,-]+$/;

/** A value as a magic's line takes it: bare where that is clear, else as JSON. */
export function written(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  return BARE.test(value) && !isJson(value) ? value : JSON.stringify(value);
}

function isJson(text) {
  try {
    return typeof JSON.parse(text) !== "string";
  } catch {
    return false;
  }
}

/** The whole line: only what differs from the defaults is said. */
export function magicLine(start, values, properties) {
  const said = Object.entries(values).filter(([name, value]) => value !== undefined && !alike(value, properties[name]?.default));
  return [start, ...said.map(([name, value]) => `${name}=${written(value)}`)].join(" ");
}

function alike(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
