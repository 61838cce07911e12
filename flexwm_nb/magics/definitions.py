"""Every magic's definition."""

from __future__ import annotations

from flexwm_nb.magics.arguments import Definition, Operand, Option
from flexwm_nb.magics.flow_definitions import FLOW_DEFINITIONS
from flexwm_nb.magics.options import (
    JOB,
    LANGUAGE,
    LIMIT,
    OUTPUT,
    PAIRS,
    PATH,
    QUIET,
    REQUIREMENTS,
    RUNNING,
)  # fmt: skip

DEFINITIONS: tuple[Definition, ...] = (
    Definition(name="windmill", help="Show what there is: every magic with an example."),
    Definition(
        name="windmill_connect",
        help="Choose the engine and say which it is.",
        operands=(
            Operand(
                name="ENGINE",
                help="local (default), managed, a URL, or what wmill saved",
                required=False,
                offers="engine",
            ),
        ),
        options=(
            Option(names=("--workspace", "-w"), metavar="W", help="workspace"),
            Option(
                names=("--token",),
                metavar="$NAME",
                kind="name",
                offers="variable",
                help="kernel variable with the token (else WM_TOKEN, the keyring, or a question)",
            ),
            Option(
                names=("--build",),
                kind="switch",
                help="first build the managed engine's program from third_party/windmill",
            ),
        ),
        examples=("%windmill_connect", "%windmill_connect https://windmill.example.org --workspace data"),
        python='wm = flexwm_nb.connect("local", workspace="demo")',
    ),
    Definition(
        name="windmill_script",
        help="Register the cell as a script, a new version only if something changed, run it and show the result.",
        cell=True,
        operands=(
            Operand(
                name="LANG",
                help="language, such as python3, bash, typescript, go or sql",
                offers="language",
            ),
            Operand(name="PATH", help="path such as f/demo/etl", offers="path"),
        ),
        options=(
            *RUNNING,
            Option(names=("--no-run", "-n"), kind="switch", help="register only"),
            Option(
                names=("--dry-run",),
                kind="switch",
                help="register nothing; show what would be: difference, schema, warnings",
            ),
            Option(
                names=("--local",),
                kind="switch",
                help="run main here in the kernel, to debug it; nothing is registered",
            ),
            Option(names=("--summary", "-s"), metavar="TEXT", help="one line about the script"),
            Option(names=("--description",), metavar="TEXT", help="more about the script, Markdown"),
            REQUIREMENTS,
        ),
        examples=(
            "%%windmill_script python3 f/demo/hello --arg name=Ada -o greeting\n"
            "def main(name: str):\n    return f'Hello {name}'",
            "%%windmill_script python3 f/demo/rows --arg frame=$df\n"
            "import io, pandas, wmill\ndef main(frame: wmill.S3Object):\n"
            "    return len(pandas.read_parquet(io.BytesIO(wmill.load_s3_file(frame))))",
            '%%windmill_script bash f/demo/count --arg where=/tmp\nls "$1" | wc -l',
            "%%windmill_script typescript f/demo/double --arg n=21\n"
            "export async function main(n: number) {\n  return n * 2\n}",
            "%%windmill_script duckdb f/demo/largest --arg file=flights.csv\n"
            "-- $file (text)\nselect * from read_csv($file) order by distance desc limit 5",
        ),
        python='wm.scripts.register(ScriptDraft(path="f/demo/hello", language="python3", content=source))',
    ),
    Definition(
        name="windmill_run",
        help="Run a registered script or flow and show its logs and result.",
        operands=(PATH, PAIRS),
        options=RUNNING,
        examples=("%windmill_run f/demo/hello name=Ada", "x = %windmill_run f/demo/etl@v2 limit=5 frame=$df"),
        python='wm.run("f/demo/hello", name="Ada").result()',
    ),
    Definition(
        name="windmill_jobs",
        help="The newest runs as a frame.",
        operands=(Operand(name="PATH", help="only this script's", required=False, offers="path"),),
        options=(
            LIMIT,
            Option(
                names=("--state",),
                metavar="STATE",
                offers="state",
                help="only queued, running, success, failure or canceled",
            ),
        ),
        examples=("%windmill_jobs f/demo/etl --state failure --limit 20",),
        python="wm.jobs.list(per_page=20)",
    ),
    Definition(
        name="windmill_job",
        help="One run: state, times, arguments, result, logs.",
        operands=(JOB,),
        examples=("%windmill_job", "job = %windmill_job 0193"),
        python="wm.jobs.get(job_id)",
    ),
    Definition(
        name="windmill_logs",
        help="Print a run's log.",
        operands=(JOB,),
        options=(Option(names=("--tail",), metavar="N", kind="count", help="only the last N lines"),),
        examples=("%windmill_logs --tail 20",),
        python="wm.jobs.logs(job_id)",
    ),
    Definition(
        name="windmill_cancel",
        help="Cancel runs.",
        operands=(Operand(name="ID", help="job ids (default: the last run)", required=False, many=True, offers="job"),),
        options=(
            Option(names=("--reason",), metavar="TEXT", help="why, for the record"),
            Option(names=("--force",), kind="switch", help="also when its worker does not answer"),
        ),
        examples=("%windmill_cancel", '%windmill_cancel 0193 --reason "wrong input"'),
        python="wm.jobs.cancel(job_id)",
    ),
    Definition(
        name="windmill_attach",
        help="Come back to a run: follow it from its first log line to its result.",
        operands=(
            Operand(
                name="ID",
                help="job id or an unambiguous part of it (default: what this notebook left running)",
                required=False,
                offers="job",
            ),
        ),
        options=(OUTPUT, QUIET),
        examples=("%windmill_attach", "%windmill_attach 0193 -o result"),
        python="wm.jobs.attach(job_id).result()",
    ),
    Definition(
        name="windmill_scripts",
        help="The registered scripts as a frame.",
        operands=(Operand(name="PREFIX", help="only paths that start so", required=False, offers="path"),),
        options=(LANGUAGE, LIMIT, Option(names=("--archived",), kind="switch", help="the archived ones")),
        examples=("%windmill_scripts f/demo",),
        python='wm.scripts.list(path_start="f/demo")',
    ),
    Definition(
        name="windmill_history",
        help="A script's versions as a frame, newest first.",
        operands=(PATH,),
        examples=("%windmill_history f/demo/etl",),
        python='wm.scripts.history("f/demo/etl")',
    ),
    Definition(
        name="windmill_diff",
        help="The difference between two versions of a script (default: the last two), or between two runs.",
        operands=(
            Operand(
                name="PATH|JOB",
                help="path such as f/demo/etl, a version: f/demo/etl@v2, or a job's id (default: the last run)",
                required=False,
                offers="path",
            ),
            Operand(
                name="OTHER",
                help="what to compare with: v2, HASH, 2026-11-01, another path; or a job (default: the run before)",
                required=False,
                offers="path",
            ),
        ),
        examples=("%windmill_diff f/demo/etl", "%windmill_diff f/demo/etl@v1 v3", "%windmill_diff $one $two"),
        python='wm.scripts.diff("f/demo/etl")',
    ),
    Definition(
        name="windmill_lock",
        help="The versions of packages that a script runs with, as they are pinned.",
        operands=(PATH,),
        options=(Option(names=("--update",), kind="switch", help="find them anew, and say what changes"),),
        examples=("%windmill_lock f/demo/etl", "%windmill_lock f/demo/etl --update"),
        python='wm.scripts.get("f/demo/etl").lock; wm.scripts.relock("f/demo/etl")',
    ),
    *FLOW_DEFINITIONS,
    Definition(name="windmill_health", help="The engine's checks, each ok, warn or fail.", python="wm.health.check()"),
    Definition(name="windmill_doctor", help="Every check of this notebook and its engine, with what to do."),
)

BY_NAME = {definition.name: definition for definition in DEFINITIONS}

STATES = ("queued", "running", "success", "failure", "canceled")
