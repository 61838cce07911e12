// The process of a bun or native script; it also runs on node. It waits on descriptor 3 for its order, a length and
// JSON, gets ready, and begins when one more byte comes. With the argument `serve` it takes one order after another.

import { mkdirSync, readSync, symlinkSync, writeFileSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { inspect } from "node:util"
import { call, describe, rehearse, withoutOwn } from "./script.mjs"

const CONTROL = 3
const caged = JSON.parse(globalThis.process.env.FLEXWM_CAGED ?? "{}") // variables that the cage wants
const { Buffer, process: self } = globalThis // a native script loses them
const REFUSED = ["BuildMessage", "ResolveMessage"] // names of what bun throws at sources that it cannot build
const kilobytes = self.platform === "darwin" ? 1024 : 1

/** That many bytes of the control socket, null at its end. */
function exactly(size) {
  const data = Buffer.alloc(size)
  for (let got = 0; got < size; ) {
    const count = readSync(CONTROL, data, got, size - got, null)
    if (count === 0) return null
    got += count
  }
  return data
}

/** The next order, null when there is none any more. */
function receive() {
  const head = exactly(4)
  const data = head && exactly(head.readUInt32BE(0))
  return data && JSON.parse(data.toString())
}

/** Send one frame. */
function send(kind, text) {
  const data = Buffer.from(text)
  const frame = Buffer.alloc(5 + data.length)
  frame.write(kind, 0, "latin1")
  frame.writeUInt32BE(data.length, 1)
  data.copy(frame, 5)
  for (let sent = 0; sent < frame.length; ) sent += writeSync(CONTROL, frame, sent)
}

/** Write the job's files and links. */
function place(order) {
  for (const [name, text] of Object.entries(order.files)) {
    if (name.includes("/")) mkdirSync(dirname(name), { recursive: true })
    writeFileSync(name, text, { mode: 0o600 })
  }
  for (const [name, target] of Object.entries(order.links)) symlinkSync(target, name)
}

/** Leave web interfaces alone to a native script. */
function restrict(order) {
  const fetchAnything = globalThis.fetch
  globalThis.fetch = (input, options) => {
    const request = new Request(input, options)
    if (!request.headers.has("user-agent")) request.headers.set("user-agent", order.agent)
    return fetchAnything(request)
  }
  for (const name of ["Bun", "Buffer", "process", "global", "setImmediate", "clearImmediate"]) {
    Reflect.deleteProperty(globalThis, name)
  }
  globalThis.process = { env: self.env }
}

/** Give the process the job's environment. */
function enter(order) {
  for (const name of Object.keys(self.env)) delete self.env[name]
  Object.assign(self.env, order.environment, caged)
}

/** The script's module. What it throws is printed as the runtime prints it. */
async function load(order) {
  try {
    return await import(pathToFileURL(join(self.cwd(), order.entry)).href)
  } catch (error) {
    const faults = error instanceof AggregateError ? error.errors : [error]
    if (faults.some((one) => REFUSED.includes(one?.name))) send("P", "bun build")
    throw error
  }
}

/** Print an error as the runtime does, without the frames of this program. */
function print(error) {
  if (!(error instanceof Error)) return console.error(error)
  const text = self.versions.bun ? Bun.inspect(error, { colors: true }) : inspect(error)
  writeSync(2, `${withoutOwn(text).trimEnd()}\n`)
}

/** Run the function, and answer. */
async function run(module, order) {
  try {
    send("R", await call(module, order, (made) => send("G", made)))
    return true
  } catch (error) {
    if (!order.native) print(error)
    if (error === null || error === undefined) self.exit(1)
    const found = describe(error, order.step, !order.native)
    send("E", order.native ? withLine(found, order) : found)
    return false
  }
}

/** A native error's object, its stack headed by the line of the source. */
function withLine(text, order) {
  const error = JSON.parse(text)
  const name = order.entry.replace(/.*\//, "").replace(/\W/g, "\\$&")
  const number = new RegExp(`${name}:(\\d+)`).exec(error.stack ?? "")?.[1]
  const line = number && order.files[order.entry].split("\n")[number - 1]
  return JSON.stringify(line ? { ...error, stack: `${line}\n${error.stack}` } : error)
}

/** The most memory that this process had, in kB. */
const peak = () => Math.round(self.resourceUsage().maxRSS / kilobytes)

/** Wait until what was printed is on its way. */
const flush = () => new Promise((written) => self.stdout.write("", written))

/** Take orders, one by one; the script is loaded with the first. */
async function serve() {
  let module
  for (let order; (order = receive()); ) {
    send("A", "")
    if (!module) place(order)
    enter(order)
    module ??= await load(order)
    await run(module, order)
    await flush()
    send("Z", `0 ${peak()}`)
  }
  self.exit(0)
}

/** Take one order. Who registered something for the process's end gets it before the job has ended. */
async function once() {
  if (globalThis.Bun) await rehearse()
  await flush()
  peak()
  const order = receive()
  if (order === null) self.exit(0)
  place(order)
  enter(order)
  if (exactly(1) === null) self.exit(0)
  send("A", "")
  if (order.native) restrict(order)
  const done = await run(await load(order), order)
  await flush()
  if (!self.listenerCount("exit")) send("Z", `0 ${peak()}`)
  self.exit(done ? 0 : 1)
}

await (self.argv[2] === "serve" ? serve() : once())
