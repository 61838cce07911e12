"""PHP is read as Windmill's parser reads it."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures import check_syntax, infer_schema, parse_signature, surprises

TEXT = {"str": None}
LIST = {"list": TEXT}
OBJECT = {"object": {"name": None, "props": []}}
NOTHING = (None, False)


def main(parameters: str) -> str:
    """A script whose main has these parameters."""
    return f"<?php\n\nfunction main({parameters}) {{\n    return 1;\n}}\n"


def arguments(content: str) -> list[tuple[str, Any, Any, bool]]:
    """Name, type, default and whether there is one, of what main takes."""
    found = parse_signature("php", content)["args"]
    return [(one["name"], one["typ"], one["default"], one["has_default"]) for one in found]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("string", TEXT), ("Int", "int"), ("float", "float"), ("BOOL", "bool"), ("array", LIST), ("object", OBJECT),
        ("mixed", "unknown"), ("iterable", "unknown"), ("callable", "unknown"), ("self", "unknown"),
        ("?string", "unknown"),
        ("string|int", "unknown"), ("A&B", "unknown"), ("(A&B)|null", "unknown"), ("", "unknown"),
        ("integer", {"resource": "integer"}), ("Stripe", {"resource": "stripe"}),
        ("S3Object", {"resource": "s3_object"}),
        ("AwsS3", {"resource": "aws_s3"}), ("Foo_Bar", {"resource": "foo_bar"}), ("ABCDef", {"resource": "abc_def"}),
        ("\\Foo\\BarBaz", {"resource": "\\foo\\bar_baz"}), ("#[Secret] string", TEXT),
        ("Stripe ...", {"resource": "stripe"}),
        ("int &", "int"),
    ],
)  # fmt: skip
def test_a_type_is_read(written: str, kind: Any) -> None:
    """Simple types in any case, lists and objects; every other name is a type of resources."""
    assert arguments(main(f"{written} $x")) == [("x", kind, *NOTHING)]


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("1", 1), ("1_000", 1000), ("0", 0), ("4.5", 4.5), ("1e3", 1000.0), ("1.5E+3", 1500.0), ("true", True),
        ("False", False),
        ("99999999999999999999", 1e20), ("1e-400", 0.0), ("''", ""), ("'it\\'s \\n'", "it's \\n"),
        ('"a\\tb\\$x \\q"', "a\tb$x \\q"),
        ('"\\x41\\101\\u{41}"', "AAA"), ('"cost $5"', "cost $5"), ("b'x'", "x"), ('"\\0\\x7f"', "\\0\\x7f"),
        ("'ü'", "\\xc3\\xbc"),
    ],
)  # fmt: skip
def test_a_default_is_read(written: str, default: Any) -> None:
    """Texts, numbers as JSON has them, true and false; bytes beyond ASCII by their numbers, as Windmill shows them."""
    ((_, _, found, has),) = arguments(main(f"$x = {written}"))
    assert (found, type(found), has) == (default, type(default), True)


@pytest.mark.parametrize(
    "written",
    ["null", "-1", "[]", "array()", "A", "A::B", "1 + 1", "(1)", "!true", "'a' . 'b'", "new A", "0x1F", "0b1", "017",
     ".5", "6.", "1e400", '"a{$b}"', "<<<E\nx\nE", "\\true", "__LINE__"],
)  # fmt: skip
def test_another_default_is_none(written: str) -> None:
    """The argument is required, whatever PHP would take in its place."""
    assert arguments(main(f"?int $x = {written}")) == [("x", "unknown", *NOTHING)]


def test_the_example_of_windmill_is_read() -> None:
    """Comments among the parameters and a comma behind the last one; the schema has what is required."""
    content = main(
        '\n  // Postgresql $a,\n  int $d = 123, /* b */ string $e = "default value",'
        "\n  Postgresql $db,\n  float $f = 3.5,\n"
    )
    assert [name for name, *_ in arguments(content)] == ["d", "e", "db", "f"]
    schema = infer_schema("php", content)
    assert schema["required"] == ["db"]
    assert schema["properties"]["db"]["format"] == "resource-postgresql"
    assert schema["properties"]["e"] == {
        "description": "", "type": "string", "originalType": "string", "default": "default value",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "kind", "preprocessor"),
    [
        ("<?php function main() {}", None, None),
        ("<p><?= 1 ?></p>\n<?php function &main() {} ?>tail", None, None),
        ("<?php function main() {} function preprocessor($event) {}", None, True),
        ("<?php function Main() {}", "lib", None),
        ("<?php class A { function main() {} }", "lib", None),
        ("<?php namespace A; function main() {}", "lib", None),
        ("<?php namespace A { function main() {} }", "lib", None),
        ("<?php if (true) { function main() {} }", "lib", None),
        ("<?php $main = fn() => 1;", "lib", None),
        ("", "lib", None),
    ],
)
def test_main_is_a_function_outside_of_everything(content: str, kind: str | None, preprocessor: bool | None) -> None:
    """What has none is a library."""
    found = parse_signature("php", content)
    assert (found["auto_kind"], found["has_preprocessor"]) == (kind, preprocessor)


def test_the_first_main_counts_and_another_function_may_be_named() -> None:
    """As for a job that runs another one."""
    content = "<?php\nfunction main($a) {}\nfunction main($b) {}\nfunction other(int $c) {}\n"
    assert [name for name, *_ in arguments(content)] == ["a"]
    assert parse_signature("php", content, "other")["args"][0]["name"] == "c"


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ("<?php\nfunction main() {\n    return 1 }\n", 3, 14),
        ("<?php\n$x = [1, 2;\nfunction main() {}", 2, 11),
        ("<?php\nfunction main($x, ) {\n  $ü = 'ü' 'x';\n}", 3, 12),
        ("<?php\nfunction main(private int $x) {}", 2, 15),
    ],
)
def test_a_refused_source_names_its_place(content: str, line: int, column: int) -> None:
    """Line and column in characters, by the grammar, in PHP's words where it is there."""
    with pytest.raises(InvalidSource) as caught:
        parse_signature("php", content)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("content", ["echo 1;", "<?\nfunction main() {}", ""], ids=["none", "short", "empty"])
def test_a_source_without_its_tag_is_refused_before_registering(content: str) -> None:
    """Windmill takes it, and PHP prints it."""
    with pytest.raises(InvalidSource, match="no `<\\?php`"):
        check_syntax("php", content)


def test_good_source_is_not_refused() -> None:
    """Enums, matches, attributes, named arguments, closures, templates."""
    check_syntax(
        "php",
        "<?php\ndeclare(strict_types=1);\nuse Foo\\{Bar, Baz as B};\n#[A(1)]\nenum S: string { case X = 'x'; }\n"
        "final readonly class P { public function __construct(private int $x = 1) {} }\n"
        "function main(array $a): ?array {\n  foreach ($a as ['k' => $v, ...$r]):\n  endforeach;\n"
        "  $f = static fn(int ...$n): int => $n[0] ** 2 <=> 1;\n"
        "  return match(true) { default => f(x: 1)?->y ?? [...$a] };\n"
        "}\n?>\n<b>{$x}</b>\n<?php echo <<<\"E\"\n  {$a['b']} ${c}\n  E;\n",
    )


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (main("$a = -1"), "line 3: Windmill requires $a, and passes null"),
        (main("?string $a"), "line 3: Windmill takes $a for a value of any type; write string alone"),
        (main("$a = 1, $b = 2"), "a run that gives $b and leaves out $a gives it to $a"),
        (main("DateTime $a"), "Windmill declares a class DateTime itself, for $a"),
        ("<?php\nclass Stripe {}\nfunction main(Stripe $a) {}", "line 3: the run fails: Windmill declares"),
        ("<?php\nuse A\\Stripe;\nfunction main(Stripe $a) {}", "Windmill declares a class Stripe itself"),
        (main("Foo_Bar $a"), "cannot name it Foo_Bar"),
        (main("Pg $a, Pg $b"), "declares a class Pg twice; write object for $b"),
        (main("$ü"), "Windmill reads ASCII alone here"),
        ("<?php\nnamespace A;\nfunction main() {}", "line 3: Windmill finds only a function `main` outside"),
        ("<?php\nfunction main() {}\nfunction preprocessor($e) {}", "line 3: Windmill does not run the preprocessor"),
        ("<?php class A { public int $x { get => 1; } }\nfunction main() {}", "refuses a property's hook"),
        ("<?php class A { const int X = 1; }\nfunction main() {}", "refuses a type of a constant"),
        ("<?php class A { public private(set) int $x; }\nfunction main() {}", "refuses `(set)`"),
    ],
)  # fmt: skip
def test_a_surprise_is_told(content: str, part: str) -> None:
    """Where Windmill reads less than PHP does, or does something else."""
    (warning,) = surprises("php", content)
    assert part in warning


def test_a_plain_script_surprises_nobody() -> None:
    """Required arguments, one optional one behind them, a resource."""
    assert surprises("php", main("int $a, Postgresql $db, array $l, string $b = 'x'")) == []
