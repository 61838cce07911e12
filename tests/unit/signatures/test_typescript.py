"""TypeScript and JavaScript are read as Windmill's parser reads them."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures import check_syntax, infer_schema, parse_signature, surprises

TEXT = {"str": None}
POINT = {"object": {"name": "point", "props": [{"key": "x", "typ": "float"}]}}


def parameter(source: str, before: str = "") -> dict[str, Any]:
    """The entry of main's only parameter."""
    (found,) = parse_signature("bun", f"{before}\nexport async function main({source}) {{}}\n")["args"]
    return dict(found)


@pytest.mark.parametrize(
    ("annotation", "kind", "optional"),
    [
        ("string", TEXT, False),
        ("number", "float", False),
        ("bigint", "int", False),
        ("Date", "datetime", False),
        ("wmill.Base64", "bytes", False),
        ("string[] | null", {"list": TEXT}, True),
        ("(string | null)[]", {"list": TEXT}, False),
        ("string | null | undefined", {"str": []}, True),
        ('"a" | "b" | null', {"str": ["a", "b"]}, True),
        ("('a') | ('b')", "unknown", False),
        ("Array<string>", {"resource": "array"}, False),
        ("a.b.AwsS3", {"resource": "aws_s3"}, False),
        ("HTTPServer2", {"resource": "http_server2"}, False),
        ("Resource<'c_x'>", {"resource": "c_x"}, False),
        ("Resource<string>", {"resource": "unknown"}, False),
        ("DynSelect_city", {"dynselect": "city"}, False),
        ("readonly string[]", "unknown", False),
        ("[string, number]", "unknown", False),
        ("import('x').Y[] | string", "unknown", False),
        ("{ [K in X]: string }", "unknown", False),
        ("{ 'a': string; b?: number; c(): void; d }", None, False),
        ("{ label: 'a' } | { kind: 'b' }", None, False),
        ("{ label: 'a' } | { kind: 'b' } | null", "unknown", False),
    ],
)
def test_a_type_is_read(annotation: str, kind: Any, optional: bool) -> None:
    """Known names, unions and objects; any other name is a resource."""
    found = parameter(f"x: {annotation}")
    assert found["has_default"] is optional
    if kind is not None:
        assert found["typ"] == kind


def test_an_object_type_has_its_plain_keys() -> None:
    """Quoted keys and methods are left out, optional marks do not matter, a missing type is unknown."""
    found = parameter("x: { 'a': string; b?: number; [c]: Date; d(): void; e }")["typ"]["object"]["props"]
    assert [(one["key"], one["typ"]) for one in found] == [("b", "float"), ("c", "datetime"), ("e", "unknown")]


@pytest.mark.parametrize(
    ("before", "annotation", "kind"),
    [
        ("type Point = { x: number }", "Point", POINT),
        ("type Point = { x: number }", "N.point[]", {"list": POINT}),
        ("type Point = { x: number }[]", "Point", {"list": POINT}),
        ("interface A { x: string }\ninterface A { y: number }", "A", {"object": {"name": "a", "props": [
            {"key": "y", "typ": "float"}]}}),
        ("interface B { b: Date }\ninterface A extends B { b: string }", "A", {"object": {"name": "a", "props": [
            {"key": "b", "typ": "datetime"}, {"key": "b", "typ": TEXT}]}}),
        ("type B = Foo", "B", {"resource": "b"}),
        ("type A = B; type B = number", "A", "float"),
        ("type A = A", "A", {"object": {"name": "a", "props": None}}),
        ("interface A { a: A }", "A", {"object": {"name": "a", "props": [{"key": "a", "typ": {"object": {
            "name": "a", "props": [{"key": "a", "typ": {"object": {"name": "a", "props": None}}}]}}}]}}),
        ("type one = { a: string }; type two = { b: Date }", "one | two", {"oneof": [
            {"label": "one", "properties": [{"key": "a", "typ": TEXT}]},
            {"label": "two", "properties": [{"key": "b", "typ": "datetime"}]}]}),
        ("type One = { a: string }; type Two = { b: Date }", "One | Two", "unknown"),
        ("enum Color { Red }", "Color", {"resource": "color"}),
        ("namespace N { export interface A { x: string } }", "N.A", {"resource": "a"}),
    ],
)  # fmt: skip
def test_a_declared_type_is_looked_up(before: str, annotation: str, kind: Any) -> None:
    """Interfaces and aliases at the top of the file, named in snake case; two turns of recursion."""
    assert parameter(f"x: {annotation}", before)["typ"] == kind


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        ("x = 3", "int", 3),
        ("x = 1.0", "int", 1),
        ("x = 0x10", "int", 16),
        ("x: number = 1.5", "float", 1.5),
        ("x = 'it\\'s'", TEXT, "it's"),
        ("x = 10n", {"list": "int"}, [1, [10]]),
        ("x = -1", "unknown", None),
        ("x = `t`", "unknown", None),
        ("x = new Date()", "unknown", None),
        ("x: string = null", TEXT, None),
        ("x = [1.0]", {"list": "float"}, [1.0]),
        ("x = { a: 1.0 }", {"object": {"name": None, "props": [{"key": "a", "typ": "int"}]}}, {"a": 1}),
        ("x = [60 * 1000]", {"list": "int"}, [60000]),
        ("x = { a: () => 1 }", "unknown", None),
        ("x: any[] = ['a']", {"list": "unknown"}, ["a"]),
        ("x = [1n, undefined, NaN]", {"list": "int"}, [1, None, None]),
    ],
)
def test_a_default_is_read(source: str, kind: Any, default: Any) -> None:
    """Literals by themselves, arrays and objects as JSON, else by JavaScript."""
    found = parameter(source)
    assert (found["typ"], found["default"], found["has_default"]) == (kind, default, True)


@pytest.mark.parametrize(
    ("content", "names", "kind"),
    [
        ("function main(a) {}\nexport function main(b) {}", ["b"], None),
        ("export async function* main(a) {}", ["a"], None),
        ("declare function main(a: string): void", ["a"], None),
        ("export default function main(a) {}", [], "lib"),
        ("export const main = (a) => a", [], "lib"),
        ("{ function main(a) {} }", [], "lib"),
        ("export const main = workflow(async (a, { b }) => a)", ["a", "anon1"], "wac"),
        ("export default workflow(async (a) => a)", ["a"], "wac"),
        ("export const main = workflow((a) => a)", [], "lib"),
        ("#!/usr/bin/env bun\nexport function main(this: any, a?) {}", ["this", "a"], None),
    ],
)
def test_main_is_found(content: str, names: list[str], kind: str | None) -> None:
    """The last function declaration of that name at the top, or a workflow."""
    found = parse_signature("deno", content)
    assert ([one["name"] for one in found["args"]], found["auto_kind"]) == (names, kind)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("export { x as preprocessor } from './a'", True),
        ("async function preprocessor() {}", True),
        ("export { preprocessor as x } from './a'", False),
        ("export const preprocessor = () => 1", False),
    ],
)
def test_a_preprocessor_is_found(content: str, expected: bool) -> None:
    """As a function of the file or among its exports."""
    assert parse_signature("nativets", content)["has_preprocessor"] is expected


@pytest.mark.parametrize(
    ("content", "line", "column", "why"),
    [
        ("export function main(a: string, { return a }\n", 1, 42, "unexpected 'a'"),
        ("\nexport function main(...rest: string[]) {}\n", 2, 22, "no rest parameters"),
        ("export function main(\n  é: string, x = { a: LIMIT }) {}\n", 2, 18, "LIMIT is not defined"),
        ("@sealed\nclass A {}\nexport function main() {}\n", 1, 1, "no decorators"),
        ("export function main() {\n  return 1 +\n}\n", 3, 1, "unexpected '}'"),
        ("export function main() {}\n}\n", 2, 1, "unexpected '}'"),
        ("export function main() {\n  if (x {}\n}\n", 2, 9, "unexpected '{'"),
        ("export function main() {\n  return [1,\n\n", 2, 13, "ends too early"),
        ("export function main() {\n  const é = 'a', f = ü ö\n", 2, 24, "unexpected 'ö'"),
    ],
)
def test_a_refused_source_names_its_place(content: str, line: int, column: int, why: str) -> None:
    """What Windmill's parser does not take, at its line and column."""
    with pytest.raises(InvalidSource) as caught:
        parse_signature("bun", content)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "import defer * as a from 'a'\ntype A<in T, out U> = import('b').C<T>\nString.raw`\\users`\n",
        "interface A {\n  x: any\n  [k: string]: string\n}\n",
        "export function main<const T>(a: T) { return <T>a satisfies T }",
        "await fetch('x')\nexport async function main() { for await (const x of y()) console.log(x?.[0] ?? 1) }",
        "import type { A } from './a'\nimport data from './a.json' with { type: 'json' }\nabstract class B {}\n",
        "export const a = <T,>(x: T): x is T => true\nlet b = a!\nb ||= /[/]/v.test('') as any\n",
        "enum E { A = 1 << 2 }\ndeclare module 'x' { export const y: number }\nexport * as z from 'z'\n",
        "class A { #x = 1; static { this.y = 1 } get z() { return this.#x } declare w: string; override v?: 1 }\n",
    ],
)
def test_good_source_is_not_refused(content: str) -> None:
    """Whatever TypeScript itself takes."""
    check_syntax("bun", content)


def test_a_deeply_nested_type_is_refused() -> None:
    """It ends in a typed error, not in Python's own."""
    with pytest.raises(InvalidSource, match="too deeply"):
        parse_signature("bun", f"function main(a: {'(' * 3000}string{')' * 3000}) {{}}")


def test_one_or_many_keep_their_text_in_the_schema() -> None:
    """`T | T[]` is noted as the original type."""
    schema = infer_schema("bun", "export function main(x: string|string[], y: Foo | Bar[]) {}")
    assert schema["properties"]["x"]["originalType"] == "string | string[]"
    assert "originalType" not in schema["properties"]["y"]


@pytest.mark.parametrize(
    ("language", "content", "part"),
    [
        ("bun", "export const main = async (a) => a", "finds no parameters of a main that is a variable"),
        ("bun", "export default function main(a) {}", "does not see a default export"),
        ("bun", "function main() {}", "is not exported"),
        ("bun", "export function* main() {}", "generator that is not async"),
        ("bun", "export function main(c: Color) {} enum Color { Red }", "resource, not for the enum"),
        ("bun", "export function main(x: Record<string, number>) {}", "for a resource; write object"),
        ("bun", "export function main(x = -1) {}", "does not show the default -1 of x"),
        ("bun", "export function main({ a }: any) {}", "calls the parameter { a } anon1"),
        ("nativets", "export function main(x = 1) {}", "passes null, so the default 1 of x does not apply"),
    ],
)
def test_a_surprise_is_told(language: str, content: str, part: str) -> None:
    """Where Windmill reads less than TypeScript does."""
    (warning,) = surprises(language, content)
    assert warning.startswith("line 1: ")
    assert part in warning
