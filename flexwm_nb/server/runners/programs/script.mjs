// Calling a script's function as Windmill's wrappers of bun, deno and native scripts do.

import { normalize } from "./jsonb.mjs"

const HERE = import.meta.url.replace(/^file:\/\//, "").replace(/[^/]*$/, "")
const OWN = ["line", "name", "stack", "column", "message", "sourceURL", "originalLine", "originalColumn"]

/** What is passed, in the order of the parameters. */
export function values(given, parameters, task) {
  if (task.everything) return Object.values(given)
  return parameters.map(({ name, date }) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (task.native) return value === undefined ? null : value
    return date ? (value ? new Date(value) : undefined) : value
  })
}

/** Print each chunk as a line that the engine takes for the stream. */
async function stream(chunks) {
  for await (const chunk of chunks) console.log("WM_STREAM: " + chunk.replace(/\n/g, "\\n"))
}

/** The result as JSON in jsonb's form. */
export function render(result, native) {
  const text = JSON.stringify(
    result ?? null,
    native ? undefined : (key, value) => (value === undefined ? null : typeof value === "bigint" ? `${value}` : value),
  )
  if (text === undefined) throw new TypeError(`a ${typeof result} cannot be a result: return data`)
  return normalize(text)
}

/** What the script's preprocessor makes of the arguments, as JSON in jsonb's form. */
async function preprocess(module, given, task) {
  if (typeof module.preprocessor !== "function") throw new Error("preprocessor function is missing")
  const made = await module.preprocessor(...values(given, task.preprocessor, { ...task, everything: false }))
  if (made === null || typeof made !== "object") throw new TypeError("the preprocessor must return main's arguments")
  return render(made, task.native)
}

/** Call the function; its result as JSON. Throws what it throws. What a preprocessor makes is told before. */
export async function call(module, task, tell) {
  let given = JSON.parse(task.arguments)
  if (task.preprocessor) {
    const made = await preprocess(module, given, task)
    tell(made)
    given = JSON.parse(made)
  }
  const found = module[task.function]
  if (typeof found !== "function") {
    if (task.native) throw new TypeError(`${task.function} is not a function`)
    throw new Error(`${task.function} function is missing`)
  }
  let result = await found(...values(given, task.parameters, task))
  if (result !== null && typeof result === "object" && Symbol.asyncIterator in result) {
    await stream(result)
    result = null
  }
  return render(result, task.native)
}

/** A stack without the frames of this program. */
export const withoutOwn = (stack) => stack?.split("\n").filter((line) => !line.includes(HERE)).join("\n")

/** The error object of what was thrown, `extra` with its own properties where `more`. */
export function describe(error, step, more) {
  const found = { message: error.message, name: error.name, stack: withoutOwn(error.stack) }
  if (step) found.step_id = step
  const extra = {}
  if (more) for (const key of Object.getOwnPropertyNames(error)) if (!OWN.includes(key)) extra[key] = error[key]
  if (Object.keys(extra).length) found.extra = extra
  return JSON.stringify(found, (key, value) => (typeof value === "bigint" ? `${value}` : value))
}

/** Do once what a job does, so that the next time is quick. */
export async function rehearse() {
  const parameters = [{ name: "n", date: false }]
  const task = { arguments: '{"n": 1}', function: "main", parameters, everything: false, native: false }
  await call(await import("./rehearsal.ts"), task)
}
