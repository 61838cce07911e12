"""Operands and options that several magics take."""

from __future__ import annotations

from flexwm_nb.magics.arguments import Operand, Option

PATH = Operand(
    name="PATH", help="path such as f/demo/etl, or a version: f/demo/etl@v2, @HASH, @2026-11-01", offers="path"
)
JOB = Operand(
    name="ID", help="job id or an unambiguous part of it (default: the last run)", required=False, offers="job"
)
PAIRS = Operand(
    name="k=v", help="arguments: text or JSON as the script's schema says; k=$name takes a kernel variable",
    required=False, many=True, offers="argument",
)  # fmt: skip

ARGUMENT = Option(
    names=("--arg", "-p"), metavar="k=v", kind="pair", repeat=True, offers="argument",
    help="an argument: text or JSON as the script's schema says; k=$name takes a variable (a DataFrame as a file)",
)  # fmt: skip
ARGUMENTS = Option(
    names=("--args",), metavar="NAME", kind="name", offers="variable", help="a kernel variable: dict of arguments"
)
OUTPUT = Option(names=("--out", "-o"), metavar="NAME", kind="name", help="put the result into this kernel variable")
DETACH = Option(names=("--detach", "-d"), kind="switch", help="do not wait; come back with %windmill_attach")
RESUME = Option(
    names=("--resume",), kind="switch", help="come back to a run of this that this notebook left, if one goes on"
)
TIMEOUT = Option(names=("--timeout", "-t"), metavar="S", kind="number", help="stop the job after this many seconds")
TAG = Option(names=("--tag",), metavar="T", help="which workers run it")
QUIET = Option(names=("--quiet", "-q"), kind="switch", help="show the result alone")
FORM = Option(
    names=("--form",),
    kind="switch",
    help="ask for all arguments in a form, which starts the run (default: for missing ones)",
)
LIMIT = Option(names=("--limit",), metavar="N", kind="count", help="at most so many rows")
LANGUAGE = Option(names=("--language", "-l"), metavar="LANG", offers="language", help="only this language")
RUNNING = (ARGUMENT, ARGUMENTS, OUTPUT, DETACH, RESUME, TIMEOUT, TAG, QUIET, FORM)
REQUIREMENTS = Option(
    names=("--requirements",),
    metavar="PACKAGES",
    repeat=True,
    help='packages beside its imports, such as "pandas>=2 six": added below as # extra_requirements:',
)
