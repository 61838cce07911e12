// The process of a deno script. It waits on its standard input for its order, a length and JSON, gets ready, and begins
// when one more byte comes. It leaves .begun, result.json or error.json,
// and in arguments.json what a preprocessor made.

import { call, describe, rehearse, withoutOwn } from "./script.mjs"

const caged = JSON.parse(Deno.env.get("FLEXWM_CAGED") ?? "{}") // variables that the cage wants

/** That many bytes of the standard input, null at its end. */
function exactly(size) {
  const data = new Uint8Array(size)
  for (let got = 0; got < size; ) {
    const count = Deno.stdin.readSync(data.subarray(got))
    if (!count) return null
    got += count
  }
  return data
}

/** The order, null when there is none. */
function receive() {
  const head = exactly(4)
  const data = head && exactly(new DataView(head.buffer).getUint32(0))
  return data && JSON.parse(new TextDecoder().decode(data))
}

/** Write the job's files. */
function place(order) {
  for (const [name, text] of Object.entries(order.files)) {
    if (name.includes("/")) Deno.mkdirSync(name.replace(/\/[^/]*$/, ""), { recursive: true })
    Deno.writeTextFileSync(name, text)
  }
}

/** Give the process the job's environment; what deno itself reads later stays. */
function enter(order) {
  for (const name of Object.keys(Deno.env.toObject())) if (!name.startsWith("DENO_")) Deno.env.delete(name)
  for (const [name, value] of Object.entries({ ...order.environment, ...caged })) Deno.env.set(name, value)
}

/** The script's module. What it throws ends the process. */
async function load() {
  try {
    return await import(`file://${Deno.cwd()}/${order.entry}`)
  } catch (error) {
    console.error(`error: Uncaught (in promise) ${withoutOwn(error?.stack) ?? error}`)
    Deno.exit(1)
  }
}

await rehearse()
const order = receive()
if (order === null) Deno.exit(0)
place(order)
enter(order)
if (exactly(1) === null) Deno.exit(0)
Deno.writeTextFileSync(".begun", "")
const module = await load()
if (module[order.function] === undefined) {
  console.error(`error: Uncaught SyntaxError: The requested module './${order.entry}' does not provide an export named \
'${order.function}'`)
  Deno.exit(1)
}
try {
  const keep = (made) => Deno.writeTextFileSync("arguments.json", made)
  Deno.writeTextFileSync("result.json", await call(module, order, keep))
} catch (error) {
  Deno.writeTextFileSync("error.json", describe(error, order.step, false))
}
Deno.exit(0)
