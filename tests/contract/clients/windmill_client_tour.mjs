// A program on the published `windmill-client`: what it got, as JSON on its output.
// URL, token and workspace come as a job's environment gives them; a folder of its own is the argument, then "files"
// where the engine keeps some.
import * as wmill from "windmill-client";

const [home, files] = process.argv.slice(2);
const workspace = process.env.WM_WORKSPACE;
const seen = {};
wmill.setClient(process.env.WM_TOKEN, process.env.BASE_INTERNAL_URL);

const content = "def main(x: int):\n    return 2 * x\n";
const script = { path: `${home}/s`, summary: "twice", description: "", content, language: "python3" };
const hash = await wmill.ScriptService.createScript({ workspace, requestBody: script });
while ((await wmill.ScriptService.getScriptDeploymentStatus({ workspace, hash })).lock == null) {}
seen.script = (await wmill.ScriptService.getScriptByPath({ workspace, path: `${home}/s` })).summary;
seen.result = await wmill.runScriptByPath(`${home}/s`, { x: 4 });
seen.later = await wmill.waitJob(await wmill.runScriptByHashAsync(hash, { x: 5 }));

const step = { type: "script", path: `${home}/s`, input_transforms: { x: { type: "static", value: 6 } } };
const flow = { path: `${home}/f`, summary: "one step", value: { modules: [{ id: "a", value: step }] }, schema: {} };
await wmill.FlowService.createFlow({ workspace, requestBody: flow });
seen.flow = await wmill.runFlow(`${home}/f`, {});

await wmill.setVariable(`${home}/v`, "one", true);
await wmill.setVariable(`${home}/v`, "two");
seen.variable = await wmill.getVariable(`${home}/v`);
await wmill.setResource({ a: `$var:${home}/v` }, `${home}/r`, "any");
seen.resource = await wmill.getResource(`${home}/r`);
seen.missing = (await wmill.getResource(`${home}/none`, true)) === undefined;

await wmill.setState({ n: 1 }, `${home}/state`);
seen.state = await wmill.getState(`${home}/state`);
if (files) {
  const file = await wmill.writeS3File({ s3: `${home}/file.txt` }, "some text");
  seen.file = new TextDecoder().decode(await wmill.loadS3File(file));
}

const schedule = { path: `${home}/at`, script_path: `${home}/s`, is_flow: false, args: {}, timezone: "UTC" };
await wmill.ScheduleService.createSchedule({ workspace, requestBody: { ...schedule, schedule: "0 0 3 * * *" } });
seen.schedule = (await wmill.ScheduleService.getSchedule({ workspace, path: `${home}/at` })).schedule;
await wmill.ScheduleService.deleteSchedule({ workspace, path: `${home}/at` });

const slow = { language: "bash", content: "sleep 60", args: {} };
const job = await wmill.JobService.runScriptPreview({ workspace, requestBody: slow });
await wmill.cancelJob(job, "enough");
while (!(await wmill.JobService.getCompletedJobResultMaybe({ workspace, id: job })).completed) {}
seen.canceled = (await wmill.JobService.getJob({ workspace, id: job })).canceled;
console.log(JSON.stringify(seen));
