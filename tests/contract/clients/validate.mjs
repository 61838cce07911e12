// What the published validator says of the files of the arguments: JSON of each file's errors.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { WindmillYamlValidator } = createRequire(import.meta.url)("windmill-yaml-validator");
const validator = new WindmillYamlValidator();
const found = {};
for (const name of process.argv.slice(2)) {
  const type = name.endsWith(".schedule.yaml") ? "schedule" : "flow";
  found[name] = validator.validate(readFileSync(name, "utf8"), { type }).errors;
}
console.log(JSON.stringify(found));
