"""The answers that need no engine are the engine's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from flexwm_nb.server.expressions import ExpressionError, Scope, fast
from flexwm_nb.server.expressions.parse import read

KEYS = ["a", "b", "x1", "length", "toString", "__proto__", "constructor", "0", "1", "é", "a-b", "name"]
SCALARS = (
    some.none()
    | some.booleans()
    | some.integers(-3, 3)
    | some.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 10**21, 0.5, -0.0, 1.0, 2.5, 1e-7, 1e21, 1e300])
    | some.sampled_from(["", "a", "b", "0", "length", "é", "😀", "\ud83d", "\ude00", "true", " ", "10", "9"])
)
VALUES = some.recursive(
    SCALARS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
LITERALS = (
    some.sampled_from(["1", "0", "-1", "1.5", ".5", "2e3", "1e400", "9007199254740993", "01", "1_0", "1n", "1.", "0x1"])
    | some.sampled_from(
        ["true", "false", "null", "undefined", "NaN", "this", "Boolean", "Boolean(0)", "[]", "[1, 'a',]"]
    )
    | some.sampled_from(["'a'", '"b"', "'é'", "'\\n\\u0041'", "'\\u{41}'", "'\\ud83d'", "''", "'10'", "'it\\'s; '"])
    | some.sampled_from(
        ["{}", "({a: 1, 'b': [2]})", "({})", "`t`", "`a ${result} b`", "/x/", "'\\\n'", "[,]", "({__proto__: 1})"]
    )
)
ROOTS = some.sampled_from(
    ["flow_input", "previous_result", "result", "iter", "error", "params", "flow_env", "missing"]
) | some.sampled_from(
    [
        "results.s",
        'results["t"]',
        "results?.s",
        "results['s']",
        "results.nope",
        "results.broken",
        "results .s",
        "results",
    ]
)
LINKS = (
    some.sampled_from([".a", ".b", ".length", ".toString", ".constructor", ".__proto__", ".name", ".é", ".0", ".if"])
    | some.sampled_from(["?.a", "?.b", "?.length", "?.[0]", "?.['a']", " . a", "\n.a", ".map"])
    | some.sampled_from(["[0]", "[1]", "[-1]", "[1.0]", "[0.5]", "[true]", "[result]", "[null]"])
    | some.sampled_from(["['a']", '["b"]', "['length']", "['0']", "[ 'a-b' ]"])
)
BINARY = some.sampled_from(
    ["==", "===", "!=", "!==", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&&", "||", "??"]
) | some.sampled_from(["**", "in", "instanceof", "=", "=>", "<<", "--", "++", "&", ",", ";", "\n", "//", " "])
UNARY = some.sampled_from(["!", "-", "+", "typeof ", "void ", "!!", "- -", "--", "await ", "~", "..."])
PATHS = some.builds(lambda root, links: root + "".join(links), ROOTS, some.lists(LINKS, max_size=4))


def combined(inner: some.SearchStrategy[str]) -> some.SearchStrategy[str]:
    """Larger expressions of smaller ones."""
    return (
        some.builds("{} {} {}".format, inner, BINARY, inner)
        | some.builds("{}{}".format, UNARY, inner)
        | some.builds("({})".format, inner)
        | some.builds("({}){}".format, inner, LINKS)
        | some.builds("{} ? {} : {}".format, inner, inner, inner)
        | some.builds("{}?{}:{}".format, inner, inner, inner)
        | some.builds("[{}, {}]".format, inner, inner)
        | some.builds("({{a: {}, b: {}}})".format, inner, inner)
        | some.builds("Boolean({})".format, inner)
        | some.builds("`a${{{}}} ${{{}}}$`".format, inner, inner)
    )


EXPRESSIONS = some.recursive(PATHS | LITERALS, combined, max_leaves=6)
SCOPES = some.fixed_dictionaries(
    {"flow_input": VALUES, "previous_result": VALUES, "result": VALUES, "iter": VALUES}, optional={"flow_env": VALUES}
)
RESULTS = some.fixed_dictionaries({"s": VALUES, "t": VALUES})


def exactly(value: Any) -> str:
    """A value in words that tell 1 from 1.0 and True from 1."""
    return json.dumps(value, sort_keys=True)


def engine_answer(evaluate, expression: str, scope: Scope) -> str:
    """What the engine says, an error too."""
    try:
        return exactly(evaluate.in_engine(expression, scope))
    except ExpressionError as error:
        return error.text


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expression=EXPRESSIONS, names=SCOPES, results=RESULTS)
def test_fast_answers_are_those_of_the_engine(evaluate, fetching, expression, names, results):
    """Whatever is answered without the engine is answered the same by it."""
    broken = ExpressionError("broken")
    scope = Scope(names=names, result=fetching(**results, broken=broken))
    node = fast.simple(read(expression))
    if node is None:
        return
    known = {**results, "broken": broken, "nope": None}
    answer = fast.evaluated(node, names, {step: known.get(step) for step in read(expression).steps})
    if answer is not fast.UNSURE:
        assert exactly(answer) == engine_answer(evaluate, expression, scope)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, names=SCOPES, results=RESULTS)
def test_paths(evaluate, fetching, path, names, results):
    """Paths, of which most are answered without it, are as in the engine or null where that throws."""
    scope = Scope(names=names, result=fetching(**results, broken=ExpressionError("broken")))
    if fast.direct(read(path), names) is not fast.UNSURE or fast.path_of(path) is not None:
        return
    try:
        answer = exactly(evaluate(path, scope))
    except ExpressionError as error:
        answer = error.text
    assert answer == engine_answer(evaluate, path, scope)


@pytest.mark.parametrize(
    "expression",
    [
        "flow_input.n + 1",
        "flow_input.iter.value * 10",
        "flow_input.iter.index % 2 == 0",
        "flow_input.iter.value == 'p'",
        "Boolean(result > 4)",
        "[previous_result, results.b]",
        '[results.b.m, results["b"]]',
        "flow_input.user?.missing?.deep ?? 'none'",
        "results.nope?.x ?? 'fallback'",
        "previous_result.error.message",
        "({a: 1, b: 'x'})",
        "typeof results.b.m",
        "!flow_input.flag && result >= 3",
        "flow_input.iter ? 'yes' : 'no'",
        "'prefix ' + flow_input.iter.value",
        "results.b.l.length",
        "-1",
        "`n is ${flow_input.n}, ${result == 5 ? 'five' : 'other'}`",
        '"it\'s"',
    ],
)
def test_common_expressions_need_no_engine(expression):
    """What people write most is answered in this process."""
    names = {"flow_input": {"n": 1, "iter": {"value": "p", "index": 4}, "user": {}}, "result": 5}
    names["previous_result"] = {"error": {"message": "m"}}
    names["flow_input"]["iter"]["value"] = 7 if "*" in expression else "p"
    node = fast.simple(read(expression))
    assert node is not None
    assert fast.evaluated(node, names, {"b": {"m": 1, "l": []}, "nope": None}) is not fast.UNSURE


@pytest.mark.parametrize(
    "expression", ["(" * 500 + "1" + ")" * 500, "!" * 500 + "1", "[" * 500, "1" + "+1" * 900, "a" * 5000, "1?" * 300]
)
def test_deep_and_long_ones_are_the_engines(expression):
    """Nothing here recurses as deep as a text may nest."""
    assert fast.simple(read(expression)) is None
