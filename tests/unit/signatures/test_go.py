"""Go is read as Windmill's parser reads it."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures import check_syntax, parse_signature, surprises

OBJECT = {"object": {"name": None, "props": []}}


def arguments(source: str) -> list[tuple[str, str | None, Any]]:
    """Name, text of the type and type of main's parameters."""
    found = parse_signature("go", f"package inner\n\nfunc main({source}) (interface{{}}, error) {{}}\n")["args"]
    return [(one["name"], one["otyp"], one["typ"]) for one in found]


@pytest.mark.parametrize(
    ("written", "otyp", "kind"),
    [
        ("int32", "int32", "int"),
        ("string", "string", {"str": None}),
        ("float64", "float64", "unknown"),
        ("[3]bool", "[]bool", {"list": "bool"}),
        ("map[int]string", "map[string]interface{}", OBJECT),
        ("interface{ Foo() }", "interface{}", OBJECT),
        ("*int", None, "unknown"),
        ("time.Time", None, "unknown"),
        ("[]*int", None, {"list": "unknown"}),
        ("Cfg", "Cfg", "unknown"),
        ("struct{}", "struct {  }", OBJECT),
        ("...int", None, "unknown"),
    ],
)
def test_a_type_is_read(written: str, otyp: str | None, kind: Any) -> None:
    """Integers, texts, lists and objects; others are unknown."""
    assert arguments(f"x {written}") == [("x", otyp, kind)]


def test_a_struct_has_its_fields_under_their_names_in_json() -> None:
    """The tag's name, else the field's; of a group only the first."""
    ((_, otyp, kind),) = arguments('o struct { A, B int; C []string `json:"c,omitempty"`; D *int `yaml:"d"` }')
    assert kind["object"]["props"][2]["typ"] == "unknown"
    assert otyp == 'struct { A int `json:"A"`; C []string `json:"c"`; D interface{} `json:"D"` }'
    assert [one["key"] for one in kind["object"]["props"]] == ["A", "c", "D"]


@pytest.mark.parametrize(
    ("source", "names"),
    [("a, b string, c int", ["a", "c"]), ("int, string", ["", ""]), ("\n\ta int,\n\tb int,\n", ["a", "b"]), ("", [])],
)
def test_declarations_give_one_argument_each(source: str, names: list[str]) -> None:
    """Of names that share a type only the first is seen."""
    assert [name for name, _, _ in arguments(source)] == names


def test_a_field_may_follow_the_line_of_main() -> None:
    """Though the line break behind that line is lost."""
    (found,) = arguments('o struct { A int `json:"a" yaml:"b"`\n\tB string }')
    assert [one["key"] for one in found[2]["object"]["props"]] == ['a" yaml:"b', "B"]


def test_the_first_line_that_looks_like_main_counts() -> None:
    """Wherever it stands; what follows is not looked at."""
    found = parse_signature("go", "/*\nfunc main(x int)\n*/\nfunc main(y string) {{{")["args"]
    assert [one["name"] for one in found] == ["x"]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("package inner\nfunc helper() {}", 1, "no line that starts"),
        ("package inner\nfunc main(a int, b) {}", 2, "some have none"),
        ("package inner\nfunc main(a @@) {}", 2, "unexpected '@'"),
        ("package inner\nfunc main(a string /* ) */, b int) {}", 2, "unexpected '/'"),
    ],
)
def test_a_refused_source_names_its_line(content: str, line: int, why: str) -> None:
    """No main, or parameters that do not parse by themselves."""
    with pytest.raises(InvalidSource, match=why) as caught:
        parse_signature("go", content)
    assert caught.value.line == line


def test_a_syntax_error_anywhere_is_found_before_registering() -> None:
    """Windmill's parser does not look there, the compiler does."""
    with pytest.raises(InvalidSource) as caught:
        check_syntax("go", "package inner\n\nfunc main() (interface{}, error) {\n\treturn 1 +, nil\n}\n")
    assert (caught.value.line, caught.value.column) == (4, 12)


def test_good_source_is_not_refused() -> None:
    """Generics, labels, closures, embedded fields."""
    check_syntax(
        "go",
        'package inner\n\nimport (\n\t"fmt"\n\t_ "embed"\n)\n\ntype Set[T comparable] map[T]struct{}\n\n'
        "func (s Set[T]) Add(v T) { s[v] = struct{}{} }\n\nfunc main(n int) (interface{}, error) {\nouter:\n"
        "\tfor i := range n {\n\t\tif i > 3 {\n\t\t\tbreak outer\n\t\t}\n\t}\n\tgo func() { fmt.Println(`x`) }()\n"
        '\tselect {\n\tdefault:\n\t}\n\treturn map[string]any{"a": []int{1, 2}[:1]}, nil\n}\n',
    )


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("func main(a, b string) (interface{}, error) {}", "does not see the parameter b"),
        ("func main(a string) error {}", "needs two results of main"),
        ("func main(a float64) (any, error) {}", "a of type float64 for a value of any type"),
        ("func helper() {}", "no line that starts with `func main(`"),
    ],
)
def test_a_surprise_is_told(content: str, part: str) -> None:
    """Where Windmill reads less than Go does."""
    (warning,) = surprises("go", content)
    assert warning.startswith("line 1: ")
    assert part in warning
