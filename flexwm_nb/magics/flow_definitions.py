"""The definitions of the magics for flows."""

from __future__ import annotations

from flexwm_nb.magics.arguments import Definition, Operand, Option
from flexwm_nb.magics.options import DETACH, JOB, LIMIT, OUTPUT, PAIRS, PATH, QUIET, REQUIREMENTS, RUNNING, TAG, TIMEOUT

FLOW = Operand(name="PATH", help="path of a flow, such as f/demo/daily", offers="flow")
PREFIX = Operand(name="PREFIX", help="only paths that start so", required=False, offers="path")
FOLDER = Option(names=("--folder",), metavar="DIR", help="where the files are, or $name of a variable (default: here)")
DRY_RUN = Option(names=("--dry-run",), kind="switch", help="only say what would change")
SECRETS = Option(names=("--secrets",), kind="switch", help="secret values too")
STEP_CELL = """def main(load: list, top: int = 3):
    return load[:top]"""
PYTHON_FLOW = """def load(origin: str):
    return [origin]

found = flow.step(load, origin=flow.input.origin)
flow.step("f/demo/report", rows=found.result)"""

FLOW_DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        name="windmill_flow",
        help="Register the cell, or the cells of %%windmill_step, as a flow, run it and draw it as it runs.",
        cell=True,
        both=True,
        operands=(FLOW, PAIRS),
        options=(
            *RUNNING,
            Option(names=("--steps",), metavar="ID …", kind="words", offers="step",
                   help="without a cell: the %%windmill_step cells to put together (default: all)"),
            Option(names=("--run",), kind="switch", help="without a cell: run it too"),
            Option(names=("--no-run", "-n"), kind="switch", help="register only"),
            Option(names=("--dry-run",), kind="switch", help="register nothing; show what would be: graph, difference"),
            Option(names=("--upto",), metavar="STEP", offers="step", help="run only up to this step, for its result"),
            Option(names=("--cache",), kind="switch",
                   help="reuse the result of a run of the same version with the same arguments, where there is one"),
            Option(names=("--summary", "-s"), metavar="TEXT", help="one line about the flow"),
            Option(names=("--description",), metavar="TEXT", help="more about the flow, Markdown"),
        ),
        examples=(
            f"%%windmill_flow f/demo/daily --arg origin=JFK\n{PYTHON_FLOW}",
            "%windmill_flow f/demo/daily --steps load clean report --run",
        ),
        python='wm.flows.register(flow); wm.run("f/demo/daily", origin="JFK").result()',
    ),
    Definition(
        name="windmill_step",
        help="Keep the cell as a step for %windmill_flow: an argument named as another step takes that one's result.",
        cell=True,
        operands=(Operand(name="ID", help="the step's name", offers="step"),),
        options=(
            Option(names=("--after",), metavar="ID …", kind="words", offers="step",
                   help="steps that come before it, beside those that it reads"),
            Option(names=("--lang", "--language", "-l"), metavar="LANG", offers="language",
                   help="language (default: python3)"),
            Option(names=("--summary", "-s"), metavar="TEXT", help="one line about the step"),
            REQUIREMENTS,
        ),
        examples=(f"%%windmill_step top --after load\n{STEP_CELL}",),
        python="flow.step(top, load=load.result)",
    ),
    Definition(
        name="windmill_dag",
        help="Draw a flow, or a run of one with states and times.",
        operands=(Operand(name="PATH|JOB", help="path of a flow, or a job's id (default: the last run)",
                          required=False, offers="flow"),),
        examples=("%windmill_dag f/demo/daily", "%windmill_dag 0193"),
        python="wm.flows.get(path).value",
    ),
    Definition(
        name="windmill_flows",
        help="The registered flows as a frame.",
        operands=(Operand(name="PREFIX", help="only paths that start so", required=False, offers="flow"),),
        options=(LIMIT, Option(names=("--archived",), kind="switch", help="the archived ones")),
        examples=("%windmill_flows f/demo",),
        python='wm.flows.list(path_start="f/demo")',
    ),
    Definition(
        name="windmill_approve",
        help="Approve what a flow waits for, and follow it to its end.",
        operands=(JOB,),
        options=(
            Option(names=("--payload",), metavar="JSON|$NAME", help="what the next step reads as `resume`"),
            Option(names=("--deny",), kind="switch", help="refuse instead"),
            Option(names=("--corrected",), kind="switch",
                   help="go on with the newer cells of its steps that this notebook has (local engine)"),
            DETACH, OUTPUT, QUIET,
        ),
        examples=("%windmill_approve", '%windmill_approve 0193 --payload {"limit": 5}'),
        python="execution.approve({'limit': 5})",
    ),
    Definition(
        name="windmill_restart",
        help="Take a flow's run up again at a step: what came before keeps its results.",
        operands=(JOB,),
        options=(
            Option(names=("--from",), metavar="STEP[:N]", offers="step",
                   help="the step, iteration N of a loop, or LOOP[N]/STEP inside (default: the step that failed)"),
            Option(names=("--as-it-was",), kind="switch",
                   help="without the newer cells of its steps that this notebook has"),
            DETACH, OUTPUT, QUIET,
        ),
        examples=("%windmill_restart 0193 --from report", "%windmill_restart 0193 --from each:3"),
        python='execution.restart("report")',
    ),
    Definition(
        name="windmill_replay",
        help="Run a job's code, or that of a flow's step, here in the kernel with its real inputs: %debug works.",
        operands=(
            JOB,
            Operand(name="STEP", help="of a flow's run (default: the one that failed)", required=False, offers="step"),
        ),
        options=(
            OUTPUT,
            Option(names=("--edit",), kind="switch", help="put its code into the next cell instead of running it"),
        ),
        examples=("%windmill_replay", "%windmill_replay report --edit", "%windmill_replay 0193 report"),
        python="wm.jobs.get(job_id).arguments",
    ),
    Definition(
        name="windmill_map",
        help="Run a script or flow once for each row of a frame, and give the frame with the results.",
        operands=(
            PATH,
            Operand(name="FRAME", help="kernel variable: a DataFrame, a list of dicts, or a map's result",
                    offers="variable"),
            PAIRS,
        ),
        options=(
            Option(names=("--at-once",), metavar="N", kind="count", help="how many run at the same time (default: 8)"),
            Option(names=("--failed",), kind="switch", help="only the rows that did not succeed before"),
            Option(names=("--raise",), kind="switch", help="raise an error at the end where a row failed"),
            OUTPUT, TIMEOUT, TAG, QUIET,
        ),
        examples=(
            "done = %windmill_map f/demo/etl $airports limit=5 --at-once 4",
            "done = %windmill_map f/demo/etl $done --failed",
        ),
        python="[wm.run(path, **row) for row in frame.to_dict('records')]",
    ),
    Definition(
        name="windmill_pull",
        help="Write scripts, flows, variables … into files, laid out as wmill sync does; says what changes.",
        operands=(PREFIX,),
        options=(
            FOLDER,
            Option(names=("--delete",), kind="switch", help="also remove files of what the engine does not have"),
            SECRETS,
            DRY_RUN,
        ),
        examples=("%windmill_pull f/flights --folder sync --dry-run",),
        python="sync.pull(sync.plan_pull(wm.client, folder), folder)",
    ),
    Definition(
        name="windmill_push",
        help="Give an engine what files have, or another engine what this one has: scripts, flows, variables …",
        operands=(PREFIX,),
        options=(
            FOLDER,
            Option(names=("--to",), metavar="ENGINE", help="another engine, which gets what this one has"),
            Option(names=("--workspace", "-w"), metavar="W", help="its workspace"),
            Option(names=("--token",), metavar="$NAME", kind="name", offers="variable",
                   help="kernel variable with its token (else WM_TOKEN)"),
            Option(names=("--message", "-m"), metavar="TEXT", help="what the new versions are about"),
            Option(names=("--delete",), kind="switch", help="also take away what is not in the files, or here"),
            SECRETS,
            DRY_RUN,
        ),
        examples=("%windmill_push f/flights --folder sync", "%windmill_push f/flights --to https://windmill.example.org"),
        python="sync.push(sync.plan_push(wm.client, folder), wm)",
    ),
    Definition(
        name="windmill_export",
        help="Make a notebook of a flow, a cell a step; or a flow of a notebook whose cells can be steps.",
        operands=(
            Operand(name="PATH|FILE", help="the flow, or the notebook's file", offers="flow"),
            Operand(name="FILE|PATH", help="what to make of it", required=False, offers="flow"),
        ),
        options=(DRY_RUN, Option(names=("--force",), kind="switch", help="replace a file that exists")),
        examples=("%windmill_export f/demo/daily daily.ipynb", "%windmill_export daily.ipynb f/demo/daily --dry-run"),
        python="notebooks.write(notebooks.from_flow(wm.flows.open(path)), file)",
    ),
)  # fmt: skip
