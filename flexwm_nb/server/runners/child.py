"""What a spare child of the zygote does when its job arrives. Standard library alone: it runs in other environments.

The order is a JSON object: `files` to write in the job's directory, `environment`, `limits`, and either `command` to
execute or `python`, a module to import and call; `shared`, a folder that the job may use besides its own. With it the
process goes into its cage. One more byte lets it begin: until then nothing of the job runs. Answers on the control
socket are frames of a kind and a text: R the result, E the error object, X why it could not start, Z the exit code and
peak memory, always last.
An order that `serves` is for a process that is kept: orders follow it, one for each job, each answered by A at once.
"""

from __future__ import annotations

import atexit
import importlib.util
import io
import json
import os
import resource
import shutil
import site
import struct
import sys
import threading
import traceback
import types
from typing import Any

HEAD = struct.Struct("!I")
FRAME = struct.Struct("!cI")
REHEARSAL = """{"function": "main", "arguments": "{\\"n\\": 1}", "everything": false, "verbatim": false,
"parameters": [{"name": "n", "optional": false, "type": ""}], "result_bytes": 1000, "step": null}"""
RESULT, ERROR, NOT_STARTED, END, ACCEPTED = b"R", b"E", b"X", b"Z", b"A"
NOT_CAGED = 71  # exit status
CAGED = "FLEXWM_CAGED"  # tells a command that waits which variables its cage wants in every job's environment


def neighbour(name: str) -> Any:
    """A neighbouring file as a module, without this folder on the path."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("flexwm_" + name, place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


python_call = neighbour("python_call")
workspace_imports = neighbour("workspace_imports")


def wait_and_run(control: Any, folder: str, cage: Any) -> None:
    """Wait for an order and carry it out in the cage; never returns to the zygote's loop."""
    prepare()
    failure = caged(cage.prepare, folder)
    order = receive(control)
    if order is None:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
    failure = failure or caged(cage.close, order.get("shared"))
    if failure:
        send(control, NOT_STARTED, failure)
        os._exit(NOT_CAGED)
    wanted = cage.variables(folder)
    order["environment"].update(wanted)
    write_files(order["files"])
    limit(order["limits"])
    if order.get("waits"):
        if wanted:
            order["environment"][CAGED] = json.dumps(wanted)
        execute(control, order)
    if order.get("serves"):
        serve(control, order, folder, wanted)
    if not exactly(control, 1):
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
    if "command" in order:
        execute(control, order)
    run_python(control, order, folder)


def prepare() -> None:
    """Do what does not depend on the job, and once what a job does.

    Memory is shared with the zygote until it is written to; the rehearsal makes the pages that every job touches this
    process's own before a job waits for them.
    """
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "wb", closefd=False)
        stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
        setattr(sys, name, stream)
    write("/proc/self/oom_score_adj", b"1000")
    task = json.loads(REHEARSAL)
    module = make_module("flexwm.rehearsal", "rehearsal.py", "def main(n):\n    return {'n': n}\n")
    python_call.call(module, task)
    for made in ("flexwm.rehearsal", "flexwm"):
        del sys.modules[made]
    os.environ.update(dict(os.environ))
    sys.meta_path.insert(0, workspace_imports.Finder)


def caged(step: Any, argument: Any) -> str:
    """Take one step into the cage: why it could not be taken, empty when it was."""
    try:
        step(argument)
    except OSError as error:
        return "the job cannot be isolated as it was to be: %s. %%windmill_doctor tells more" % (
            error.strerror or error
        )
    return ""


def receive(control: Any) -> Any:
    """The order, or None when the other end is closed."""
    head = exactly(control, HEAD.size)
    data = head and exactly(control, HEAD.unpack(head)[0])
    return json.loads(data) if data else None


def exactly(control: Any, size: int) -> bytes:
    """That many bytes, or none."""
    data = bytearray()
    while len(data) < size:
        part = control.recv(min(size - len(data), 1 << 20))
        if not part:
            return b""
        data += part
    return bytes(data)


def send(control: Any, kind: bytes, text: str) -> None:
    """Send one frame."""
    data = text.encode("utf-8", "replace")
    control.sendall(FRAME.pack(kind, len(data)) + data)


def write_files(files: dict[str, Any]) -> None:
    """Write the job's files below its directory."""
    for name, text in files.items():
        position = name.find("/")
        while position > 0:
            try:
                os.mkdir(name[:position], 0o700)
            except FileExistsError:
                pass
            position = name.find("/", position + 1)
        write(name, text.encode("utf-8", "surrogatepass"))


def write(path: str, data: bytes) -> None:
    """Put bytes in a file; one that the system does not let be written stays as it is."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError:
        return
    while data:
        data = data[os.write(file, data) :]
    os.close(file)


def limit(limits: dict[str, Any]) -> None:
    """Hold this process and its children to the limits."""
    for name, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(name)[1]
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(name, (wanted, wanted))
        except (ValueError, OSError):
            pass


def execute(control: Any, order: dict[str, Any]) -> None:
    """Become the command. One that `waits` gets the socket as descriptor 3 or `descriptor`, and there its beginning."""
    command = order["command"]
    if order.get("waits"):
        descriptor = order.get("descriptor", 3)
        os.dup2(control.fileno(), descriptor)
        os.set_inheritable(descriptor, True)
    try:
        os.execvpe(command[0], command, order["environment"])
    except OSError as error:
        send(control, NOT_STARTED, "%s cannot be started: %s" % (command[0], error.strerror))
        os._exit(127)


def serve(control: Any, order: dict[str, Any], folder: str, wanted: dict[str, str]) -> None:
    """Import the script with the first job, and call its function for each."""
    module = None
    while True:
        job = receive(control)
        if job is None:
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(0)
        send(control, ACCEPTED, "")
        job["environment"].update(wanted)
        begin_python(job, folder)
        task = job["python"]
        try:
            module = module or make_module(task["module"], sys.argv[0], order["files"][task["file"]])
        except BaseException as error:
            if not isinstance(error, SystemExit):
                report_uncaught(folder)
            finish(control, exit_status(error) if isinstance(error, SystemExit) else 1, folder)
        kind, text = python_call.call(module, task, lambda kind, text: send(control, kind, text))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        send(control, kind, text)
        send(control, END, "0 %d" % resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def begin_python(order: dict[str, Any], folder: str) -> None:
    """Give this process the job's environment and its script's place."""
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = [os.path.join(folder, order["python"]["file"])]
    workspace_imports.Finder.temporary = order.get("scripts", {})
    if sys.path[:1] != [folder]:
        add_packages(order.get("packages", ()))
        sys.path.insert(0, folder)


def add_packages(folders: Any) -> None:
    """Put folders of packages before the interpreter's own, with what their .pth files name."""
    before = list(sys.path)
    for folder in folders:
        site.addsitedir(folder)
    sys.path[:] = [entry for entry in sys.path if entry not in before] + before


def run_python(control: Any, order: dict[str, Any], folder: str) -> None:
    """Import the script, call its function, answer, and end as a Python program ends."""
    begin_python(order, folder)
    task = order["python"]
    code = 0
    try:
        module = make_module(task["module"], sys.argv[0], order["files"][task["file"]])
        kind, text = python_call.call(module, task, lambda kind, text: send(control, kind, text))
        send(control, kind, text)
    except SystemExit as leaving:
        code = exit_status(leaving)
    except BaseException:
        report_uncaught(folder)
        code = 1
    finish(control, code, folder)


def make_module(name: str, file: str, source: str) -> types.ModuleType:
    """The script as a module under its name, with its packages, as if its file had been imported."""
    parts = name.split(".")
    for count in range(1, len(parts)):
        package = types.ModuleType(".".join(parts[:count]))
        package.__path__ = [os.path.join(os.getcwd(), *parts[:count])]
        sys.modules[package.__name__] = package
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module


def exit_status(leaving: SystemExit) -> int:
    """The code with which Python would end."""
    if leaving.code is None or isinstance(leaving.code, int):
        return (leaving.code or 0) & 0xFF
    sys.stderr.write("%s\n" % (leaving.code,))
    return 1


def report_uncaught(folder: str) -> None:
    """Print the traceback, less the frames that are not the script's."""
    kind, error, trace = sys.exc_info()
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(folder):
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)


def finish(control: Any, code: int, folder: str) -> None:
    """Join threads, run what was registered for the end, flush, say so, clear up, and end."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        send(control, END, "%d %d" % (code, peak))
    except OSError:
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(code)
