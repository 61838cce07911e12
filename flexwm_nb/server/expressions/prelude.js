// What every expression finds besides JavaScript itself. `ask` is the one way out: a question to the server, answered
// with JSON: {"value": …} or {"error": "…"}. What this returns is the way in for the program that evaluates.
(ask) => {
  const { parse } = JSON;
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
  const caught = (error) => {
    const thrown = error instanceof Error;
    state = thrown ? "error" : error === null || error === undefined ? "memory" : "thrown";
    text = thrown
      ? `${error.name === "InternalError" ? error.name : "Error"}: ${error.message}\n${error.stack ?? ""}`
      : String(error);
  };
  const operations = {
    name: (name, box) => (globalThis[name] = box[0]),
    results: () => (globalThis.results = results),
    result: (id, box) => loaded.set(id, box[0]),
    watch: (promise) =>
      promise.then((found) => ([state, text] = ["value", found ?? "null"])).then(undefined, caught),
    state: () => state,
    text: () => text,
  };
  return (operation, ...operands) => {
    const answer = operations[operation](...operands);
    return typeof answer === "string" ? answer : undefined;
  };
}
