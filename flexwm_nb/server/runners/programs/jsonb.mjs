// JSON in the form in which PostgreSQL's jsonb keeps it: keys ordered by length, then by bytes; numbers in full.

const EXPONENT = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/

/** A number as jsonb writes it: no exponent. */
function number(value) {
  const text = JSON.stringify(value)
  const parts = EXPONENT.exec(text)
  if (!parts) return text
  const [, sign, head, fraction = "", power] = parts
  const digits = head + fraction
  const point = 1 + Number(power)
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits.padEnd(point, "0")
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

const utf8 = new TextEncoder()
const ASCII = /^[\x00-\x7f]*$/

/** The order of two keys. */
function compare(left, right) {
  if (ASCII.test(left) && ASCII.test(right)) {
    return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0)
  }
  const [a, b] = [utf8.encode(left), utf8.encode(right)]
  if (a.length !== b.length) return a.length - b.length
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return 0
}

/** Write a value that was read from JSON. */
function write(value) {
  if (typeof value === "number") return number(value)
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(write).join(", ")}]`
  const keys = Object.keys(value).sort(compare)
  return `{${keys.map((key) => `${JSON.stringify(key)}: ${write(value[key])}`).join(", ")}}`
}

/** JSON text in jsonb's form. */
export function normalize(text) {
  return write(JSON.parse(text))
}
