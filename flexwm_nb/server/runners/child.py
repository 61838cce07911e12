"""What a spare child of the zygote does when its job arrives. Standard library of Python 3.8 alone.

The order is a JSON object: `files` to write in the job's directory, `environment`, `limits`, and either `command` to
execute or `python`, a module to import and call. Answers on the control socket are frames of a kind and a text:
R the result, E the error object, X why it could not start, Z the exit code and peak memory, always last.
"""

import atexit
import importlib.util
import io
import json
import os
import resource
import struct
import sys
import threading
import traceback
import types

HEAD = struct.Struct("!I")
FRAME = struct.Struct("!cI")
RESULT, ERROR, NOT_STARTED, END = b"R", b"E", b"X", b"Z"

_spec = importlib.util.spec_from_file_location(
    "flexwm_python_call", os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_call.py")
)
assert _spec is not None and _spec.loader is not None
python_call = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(python_call)


def wait_and_run(control, folder):
    # type: (object, str) -> None
    """Wait for an order and carry it out; never returns to the zygote's loop."""
    order = receive(control)
    if order is None:
        os.rmdir(folder)
        os._exit(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    write_files(order["files"])
    limit(order["limits"])
    if "command" in order:
        execute(control, order)
    run_python(control, order, folder)


def receive(control):
    # type: (object) -> object
    """The order, or None when the other end is closed."""
    head = exactly(control, HEAD.size)
    data = head and exactly(control, HEAD.unpack(head)[0])
    return json.loads(data) if data else None


def exactly(control, size):
    # type: (object, int) -> bytes
    """That many bytes, or none."""
    data = bytearray()
    while len(data) < size:
        part = control.recv(min(size - len(data), 1 << 20))
        if not part:
            return b""
        data += part
    return bytes(data)


def send(control, kind, text):
    # type: (object, bytes, str) -> None
    """Send one frame."""
    data = text.encode("utf-8", "replace")
    control.sendall(FRAME.pack(kind, len(data)) + data)


def write_files(files):
    # type: (dict) -> None
    """Write the job's files below its directory."""
    for name, text in files.items():
        folder = os.path.dirname(name)
        if folder:
            os.makedirs(folder, 0o700, exist_ok=True)
        with open(name, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            file.write(text)


def limit(limits):
    # type: (dict) -> None
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
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass


def execute(control, order):
    # type: (object, dict) -> None
    """Become the command."""
    command = order["command"]
    try:
        os.execvpe(command[0], command, order["environment"])
    except OSError as error:
        send(control, NOT_STARTED, "%s cannot be started: %s" % (command[0], error.strerror))
        os._exit(127)


def run_python(control, order, folder):
    # type: (object, dict, str) -> None
    """Import the script, call its function, answer, and end as a Python program ends."""
    os.environ.clear()
    os.environ.update(order["environment"])
    for stream in ("stdout", "stderr"):
        descriptor = {"stdout": 1, "stderr": 2}[stream]
        raw = io.open(descriptor, "wb", closefd=False)
        setattr(sys, stream, io.TextIOWrapper(raw, "utf-8", "backslashreplace", line_buffering=True))
    task = order["python"]
    sys.argv = [os.path.join(folder, task["file"])]
    sys.path.insert(0, folder)
    code = 0
    try:
        module = import_module(task["module"], sys.argv[0])
        kind, text = python_call.call(module, task)
        send(control, kind, text)
    except SystemExit as leaving:
        code = exit_status(leaving)
    except BaseException:
        report_uncaught(folder)
        code = 1
    finish(control, code)


def import_module(name, file):
    # type: (str, str) -> types.ModuleType
    """Import the script's file under its name, with its packages."""
    parts = name.split(".")
    for count in range(1, len(parts)):
        package = types.ModuleType(".".join(parts[:count]))
        package.__path__ = [os.path.join(os.getcwd(), *parts[:count])]
        sys.modules[package.__name__] = package
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def exit_status(leaving):
    # type: (SystemExit) -> int
    """The code with which Python would end."""
    if leaving.code is None or isinstance(leaving.code, int):
        return (leaving.code or 0) & 0xFF
    sys.stderr.write("%s\n" % (leaving.code,))
    return 1


def report_uncaught(folder):
    # type: (str) -> None
    """Print the traceback, less the frames that are not the script's."""
    kind, error, trace = sys.exc_info()
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(folder):
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)


def finish(control, code):
    # type: (object, int) -> None
    """Join threads, run what was registered for the end, flush, say so, and end."""
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
    os._exit(code)
