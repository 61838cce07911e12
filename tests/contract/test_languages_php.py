"""PHP scripts as Windmill runs them: arguments by position, exceptions as errors, fatal errors by exit code."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from flexwm_nb.server.isolation.levels import find
from flexwm_nb.server.isolation.policy import Wish
from tests.conftest import running_server
from tests.contract.languages import W, deployed, log_of, preview, run

pytestmark = pytest.mark.differs("php scripts", run=False)
BANNER = "\n\n--- PHP CODE EXECUTION ---\n"
LEVELS = ("plain", "landlock", "bubblewrap", "required")
LOOKS = """<?php
function main() {
    $reads = fn(string $path) => @file_get_contents($path) !== false;
    $named = [php_ini_loaded_file(), ...array_filter(explode(",", (string) php_ini_scanned_files()))];
    $open = array_map(fn($path) => $path === false || $reads(trim($path)), $named);
    return [mb_or_ctype(), $open === array_filter($open), $reads(getenv("STORE")), file_put_contents("mine", "x")];
}
function mb_or_ctype() { return extension_loaded("ctype") && extension_loaded("json"); }
"""


@pytest.fixture(scope="module", autouse=True)
def php() -> None:
    """The programs that these tests run."""
    for name, package in (("php", "php-cli"), ("composer", "composer")):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed: apt-get install {package}")


def source(body: str, parameters: str = "") -> str:
    """A script with this main."""
    return f"<?php\nfunction main({parameters}) {{\n    {body}\n}}\n"


def running(command: str) -> bool:
    """Whether a process with this command line runs."""
    return any(process.info["cmdline"] == command.split() for process in psutil.process_iter(["cmdline"]))


@pytest.mark.parametrize(
    ("parameters", "args", "result"),
    [
        ("int $a, string $b = 'x', $c = 2.5", {"a": 1}, [1, "x", 2.5]),
        ("int $a, string $b = 'x', $c = 2.5", {"c": "ü/", "b": "y", "a": 1, "d": 0}, [1, "y", "ü/"]),
        ("$a, $b = [3]", {}, [None, None]),
        ("$a = 1, $b = 2", {"b": 5}, [5, 2]),
        ("array $a, object $b", {"a": [1, {"x": []}], "b": {"y": {}}}, [[1, {"x": []}], {"y": {}}]),
        ("&$a, ...$b", {"a": 1, "b": [2]}, [1, [[2]]]),
    ],
    ids=["defaults", "given", "unread default", "by position", "lists and objects", "reference and rest"],
)
def test_arguments_are_passed_as_windmill_passes_them(
    http: httpx.Client, parameters: str, args: Any, result: Any
) -> None:
    """In the parameters' order, those left out that have a default; the others are null."""
    names = ", ".join(part.split("=")[0].split("$")[1].join(("$", "")).strip() for part in parameters.split(", "))
    assert run(http, preview(http, "php", source(f"return [{names}];", parameters), args)) == (True, result)


def test_an_argument_that_goes_astray_is_told_in_the_log(http: httpx.Client) -> None:
    """One that is left out before one that is given."""
    job = preview(http, "php", source("return $a;", "$a = 1, $b = 2"), {"b": 5})
    assert run(http, job) == (True, 5)
    assert log_of(http, job).startswith(f"{BANNER}\nwarning: $a is left out, so it gets what is given for $b")


def test_a_resource_is_an_object_of_its_class(http: httpx.Client) -> None:
    """Which nobody declares."""
    content = source("return [get_class($db), $db->host, $db->more->x];", "AwsS3 $db")
    assert run(http, preview(http, "php", content, {"db": {"host": "h", "more": {"x": 1}}})) == (
        True,
        ["AwsS3", "h", 1],
    )


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("return ['b' => 1, 'a' => [1.5, null, true]];", {"a": [1.5, None, True], "b": 1}),
        ("return [];", []),
        ("return (object) [];", {}),
        ("return 1.0;", 1),
        ("", None),
        ("exit(0);", None),
        ("return new class implements JsonSerializable { function jsonSerialize(): mixed { return 'j'; } };", "j"),
        ("echo \"WM_STREAM: a\\n\"; return 'r';", "r"),
    ],
    ids=["array", "empty", "object", "number", "nothing", "exit", "serializable", "stream"],
)
def test_the_result_is_json(http: httpx.Client, body: str, result: Any) -> None:
    """As json_encode writes it; what is streamed is no part of it."""
    assert run(http, preview(http, "php", source(body))) == (True, result)


def test_an_exception_is_the_error(http: httpx.Client) -> None:
    """With its class, where it was thrown and what called it; nothing of it stands in the log."""
    content = "<?php\nfunction f() {\n    throw new RangeException('oh ü');\n}\nfunction main() {\n    f();\n}\n"
    job = preview(http, "php", content)
    success, result = run(http, job)
    error = result["error"]
    assert (success, error["name"], error["message"], sorted(error)) == (
        False, "RangeException", "oh ü", ["message", "name", "stack"],
    )  # fmt: skip
    places = [line.rpartition("/")[2] for line in error["stack"].splitlines()]
    assert places[:2] == ["main.php(3)", "main.php(6): f()"]
    assert places[2].startswith("wrapper.php(") and places[2].endswith("): main()")
    assert log_of(http, job) == BANNER


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        (
            source("return 1;", "int $a"),
            255,
            "Fatal error: Uncaught TypeError: main(): Argument #1 ($a) must be of type int",
        ),
        (source("nope();"), 255, "Call to undefined function nope()"),
        ("<?php\nfunction other() {}\n", 255, "Call to undefined function main()"),
        ("<?php\nthrow new Exception('early');\nfunction main() {}\n", 255, "Uncaught Exception: early"),
        (source("echo 'bye'; exit(3);"), 3, "bye"),
        (source("return 1;", "DateTime $a"), 255, "Cannot declare class DateTime, because the name is already in use"),
        (source("return 1;") + "function main() {}", 255, "Cannot redeclare main()"),
        (source("ini_set('memory_limit', '8M'); return str_repeat('x', 90000000);"), 255, "Allowed memory size"),
    ],
    ids=["type", "undefined", "no main", "outside", "exit", "class", "twice", "memory"],
)
def test_what_is_no_exception_ends_with_its_code(http: httpx.Client, content: str, code: int, part: str) -> None:
    """The end of its output stands in the message, once."""
    success, result = run(http, preview(http, "php", content, {"a": "x"}))
    message = result["error"]["message"]
    assert (success, result["error"]["exit_code"]) == (False, code)
    assert message.startswith(f'exit code for "php run": {code}, last log lines:\n')
    assert message.count(part) == 1


@pytest.mark.parametrize(
    ("content", "name", "part"),
    [
        (source("return NAN;"), "JsonException", "the result cannot be JSON: Inf and NaN cannot be JSON encoded"),
        ('<?php\nfunction main() { return "\\x00"; }', "InternalErr", "unsupported Unicode escape sequence"),
        ("<?php\nfunction main( {}", "ExecutionErr", "Error parsing code: The source cannot be parsed"),
    ],
    ids=["no number", "no text", "no php"],
)
def test_what_cannot_be_stored_or_read_is_told(http: httpx.Client, content: str, name: str, part: str) -> None:
    """Before it runs, where it cannot be parsed."""
    success, result = run(http, preview(http, "php", content))
    assert (success, result["error"]["name"]) == (False, name)
    assert part in result["error"]["message"]


def test_output_and_warnings_are_the_log(http: httpx.Client) -> None:
    """Line by line, from both sides, without the argument that nobody gave."""
    job = preview(http, "php", source('echo "a\\n\\n"; fwrite(STDERR, "b\\n"); return $x;', "$y"))
    assert run(http, job) == (True, None)
    lines = log_of(http, job).removeprefix(f"{BANNER}\n").splitlines()
    assert lines[:3] == ["Warning: the argument y is missing, so null is passed", "a", "b"]
    assert lines[3].startswith("Warning: Undefined variable $x in ")


def test_the_job_has_its_environment(http: httpx.Client) -> None:
    """As getenv and $_SERVER have it, and as programs get that it starts; with its token it reaches the engine."""
    fetch = "file_get_contents(getenv('BASE_INTERNAL_URL') . '/api/users/whoami', false, stream_context_create($with))"
    content = source(
        "$with = ['http' => ['header' => 'Authorization: Bearer ' . $_SERVER['WM_TOKEN']]];\n"
        f"return [getenv('WM_WORKSPACE'), trim(`echo \\$WM_JOB_ID`), json_decode({fetch})->email];"
    )
    job = preview(http, "php", content)
    assert run(http, job) == (True, ["demo", job, "admin@windmill.dev"])


def test_a_deployed_script_has_its_variables_and_another_function(http: httpx.Client) -> None:
    """`$var:` is replaced, `_ENTRYPOINT_OVERRIDE` names what runs."""
    http.post(f"{W}/variables/create", json={"path": "u/admin/php", "value": "v", "is_secret": True, "description": ""})
    deployed(http, "f/php/deployed", "php", source("return $a;", "$a") + "function other($b = 2) { return $b; }\n")
    for given, result in (({"a": "$var:u/admin/php"}, "v"), ({"_ENTRYPOINT_OVERRIDE": "other"}, 2)):
        assert http.post(f"{W}/jobs/run_wait_result/p/f/php/deployed", json=given).json() == result


@pytest.mark.parametrize(
    ("duration", "options"), [("731", {}), ("732", {"timeout": 1})], ids=["cancelled", "timed out"]
)
def test_a_job_that_is_ended_leaves_nothing_behind(http: httpx.Client, duration: str, options: dict[str, int]) -> None:
    """What it started in the background goes with it."""
    content = source(f"shell_exec('sleep 100.{duration} > /dev/null 2>&1 &'); sleep(60);")
    job = http.post(f"{W}/jobs/run/preview", params=options, json={"language": "php", "content": content}).text
    while not running(f"sleep 100.{duration}"):
        time.sleep(0.02)
    if not options:
        http.post(f"{W}/jobs_u/queue/cancel/{job}", json={"reason": "enough"})
    assert run(http, job)[0] is False
    end = time.monotonic() + 5
    while running(f"sleep 100.{duration}"):
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("wish", [level for level in LEVELS if find(Wish(isolation=level)).level is not None])  # type: ignore[arg-type]
def test_php_works_in_every_cage(tmp_path: Path, wish: str) -> None:
    """It has its settings and extensions and its own folder, and the store only where nothing holds it."""
    with running_server(tmp_path, "--isolation", wish) as server, server.http() as http:
        content = LOOKS.replace('getenv("STORE")', json.dumps(str(tmp_path / "runtime.json")))
        assert run(http, preview(http, "php", content)) == (True, [True, True, wish == "plain", 1])


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An engine whose composer takes packages from a folder."""
    folder = tmp_path_factory.mktemp("packages")
    described = {"name": "flexwm/mine", "version": "1.2.0", "autoload": {"psr-4": {"Mine\\": "src"}}}
    (folder / "mine" / "src").mkdir(parents=True)
    (folder / "mine" / "composer.json").write_text(json.dumps(described))
    (folder / "mine" / "src" / "Tool.php").write_text("<?php\nnamespace Mine;\nclass Tool { const NAME = 'mine'; }\n")
    here = [{"type": "path", "url": str(folder / "mine")}, {"packagist.org": False}]
    (folder / "config.json").write_text(json.dumps({"repositories": here}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSER_HOME", str(folder))
        with running_server(folder / "store") as server, server.http() as client:
            yield client


def test_packages_are_installed_once_and_locked(packages: httpx.Client) -> None:
    """By composer; the lock stands with the script as Windmill stores it, and its jobs find the packages there."""
    content = "<?php\n// require:\n// flexwm/mine@^1.0\n\n" + source("return Mine\\Tool::NAME;").removeprefix("<?php\n")
    job = preview(packages, "php", content)
    assert run(packages, job) == (True, "mine")
    assert log_of(packages, job).startswith("\n\n--- COMPOSER INSTALL ---\n")
    assert run(packages, again := preview(packages, "php", content)) == (True, "mine")
    assert log_of(packages, again) == BANNER
    deployed(packages, "f/php/locked", "php", content)
    while not (lock := packages.get(f"{W}/scripts/get/p/f/php/locked").json()["lock"]):
        time.sleep(0.02)
    manifest, _, locked = lock.partition("\nLOCK\n")
    assert json.loads(manifest) == {"require": {"flexwm/mine": "^1.0"}}
    assert json.loads(locked)["packages"][0]["version"] == "1.2.0"
    assert packages.post(f"{W}/jobs/run_wait_result/p/f/php/locked", json={}).json() == "mine"


@pytest.mark.parametrize(
    ("lock", "wanted", "part"),
    [
        (None, "flexwm/other", 'exit code for "composer install": 2'),
        ("{}", "flexwm/mine", "expected to find LOCK split pattern in reqs"),
    ],
    ids=["unknown", "no lock"],
)
def test_packages_that_cannot_be_had_are_told(packages: httpx.Client, lock: str | None, wanted: str, part: str) -> None:
    """In composer's words, or why the lock is none."""
    content = f"<?php\n// require:\n// {wanted}\nfunction main() {{}}"
    success, result = run(packages, preview(packages, "php", content, lock=lock))
    assert (success, part in result["error"]["message"]) == (False, True)
