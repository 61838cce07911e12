// What every expression finds besides JavaScript itself. `ask` is the one way out: a question to the server, answered
// with JSON: {"value": …} or {"error": "…"}. What this returns is the way in for the program that evaluates.
(ask) => {
  const { parse, stringify } = JSON;
  const fail = (text) => {
    throw new Error(text);
  };
  const request = (kind, name) => {
    const answer = parse(ask(kind, String(name)));
    return "error" in answer ? fail(answer.error) : answer.value;
  };
  const loaded = new Map(); // steps named in the expression's text: read at once, whatever the function they stand in
  const results = new Proxy(
    {},
    {
      get: (_, name) => {
        if (typeof name === "symbol") return undefined;
        const found = loaded.get(name);
        if (found === undefined) return new Promise((resolve) => resolve(request("result", name)));
        return "error" in found ? fail(found.error) : found.value;
      },
    },
  );
  globalThis.variable = (path) => request("variable", path);
  globalThis.resource = (path) => request("resource", path);
  globalThis.flow_user_state = (key) => request("user_state", key);
  let [state, text] = ["pending", ""];
  const { Error } = globalThis;
  const noRoom = (error) =>
    error === null || error === undefined || (error.name === "InternalError" && error.message === "out of memory");
  const describe = (error) => {
    if (noRoom(error)) return ["memory", ""];
    if (error instanceof Error) return ["error", `Error: ${error.message}\n${error.stack ?? ""}`];
    return ["thrown", String(error)];
  };
  const caught = (error) => {
    try {
      [state, text] = describe(error);
    } catch {
      [state, text] = ["thrown", "something that has no text"];
    }
  };
  const operations = {
    name: (name, box) => void (globalThis[name] = box[0]),
    results: () => void (globalThis.results = results),
    result: (id, box) => void loaded.set(id, box[0]),
    watch: (promise) =>
      void promise.then((found) => ([state, text] = ["value", found ?? "null"])).then(undefined, caught),
    state: () => state,
    text: () => (state !== "value" ? stringify(text) : typeof text === "string" ? text : "null"),
  };
  return (operation, ...operands) => operations[operation](...operands);
}
