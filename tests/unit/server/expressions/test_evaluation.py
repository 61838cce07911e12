"""What expressions see and answer, as Windmill 1.743 does."""

from __future__ import annotations

import pytest

from flexwm_nb.server.expressions import ExpressionError, Scope

ROWS = [{"n": 1}, {"n": 2}]
BROKEN = ExpressionError("Failed to fetch result for step 'broken': gone")


@pytest.fixture
def scope(fetching) -> Scope:
    """A step's scope, with results, variables and resources."""
    return Scope(
        names={"flow_input": {"x": 5, "a.b": "dotted", "rows": ROWS}, "previous_result": {"error": {"message": "boo"}}},
        result=fetching(a={"u": 1, "s": "text", "l": [10, {"d": 20}]}, f=ROWS, broken=BROKEN),
        variable=fetching(**{"u/me/v": "value", "none": ExpressionError("Not found: variable none")}),
        resource=fetching(**{"u/me/r": {"host": "h"}}),
        user_state=fetching(k=[1]),
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("flow_input.x", 5),
        ("flow_input.a.b", "dotted"),
        ('flow_input["a.b"]', "dotted"),
        ("  flow_input.x  ", 5),
        ("previous_result.error.message", "boo"),
        ("error.message", "boo"),
        ("error", {"message": "boo"}),
        ("`${flow_input.x}-${flow_input.x * 2}`", "5-10"),
        ("[...Array(3).keys()]", [0, 1, 2]),
        ("flow_input.user?.missing?.deep ?? 'none'", "none"),
        ("params", {}),
        ("flow_env.region", None),
    ],
)
def test_names(evaluate, scope, expression, expected):
    """Names of the scope are global variables; an argument's whole name wins over a path."""
    assert evaluate(expression, scope) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("results.a.u", 1),
        ("results?.a", {"u": 1, "s": "text", "l": [10, {"d": 20}]}),
        ('results["a"].s.length', 4),
        ("results.a.l.1.d", 20),
        ("results.f[1].n", 2),
        ("results.f.length", 2),
        ("results.nope", None),
        ("results.nope?.x ?? 'fallback'", "fallback"),
        ("results.a.u.deeper.still", None),
        ("results['a'].u", None),
        ("results['a']", {"u": 1, "s": "text", "l": [10, {"d": 20}]}),
        ("(await results['a']).u", 1),
        ("await results.a", None),
        ("typeof results.a.s", "string"),
        ('[results.a.u, results["f"]]', [1, ROWS]),
        ("results.f.map(row => row.n + results.a.u)", [2, 3]),
        ("const key = 'f'; return (await results[key]).length", 2),
        ("const n = 1\nresults.a.u", 1),
        ("results.broken", None),
        ("true ? 1 : results.broken.x.y()", 1),
    ],
)
def test_results(evaluate, scope, expression, expected):
    """Results of steps: a missing one is null, and what is missing in a plain path is null too."""
    assert evaluate(expression, scope) == expected


def test_result_that_cannot_be_had(evaluate, scope):
    """It throws where it is read."""
    with pytest.raises(ExpressionError, match="Failed to fetch result for step 'broken'"):
        evaluate("results.broken ?? 'n'", scope)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("variable('u/me/v')", "value"),
        ("variable('u/me/v').length + 1", 6),
        ("resource('u/me/r').host", "h"),
        ("({a: await variable('u/me/v')})", {"a": "value"}),
        ("return await variable('u/me/v')", "value"),
        ("['u/me/v'].map(variable)", ["value"]),
        ("await Promise.all(['u/me/v'].map(variable))", None),
        ("flow_user_state('k')[0]", 1),
        ("(() => { try { return variable('none') } catch (e) { return e.message } })()", "Not found: variable none"),
    ],
)
def test_things_asked_for(evaluate, scope, expression, expected):
    """Variables, resources and states are awaited without saying so."""
    assert evaluate(expression, scope) == expected


@pytest.mark.parametrize("function", ["variable", "resource", "flow_user_state"])
def test_nobody_to_ask(evaluate, function):
    """Without a client these functions throw."""
    with pytest.raises(ExpressionError, match=rf"{function}\(\) is not available without an authenticated client"):
        evaluate(f"{function}('x')")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", None),
        ("return 5", 5),
        ("const x = 5\nreturn x + 1", 6),
        ("const x = 5", None),
        ("5;", None),
        ("'a;b'", "a;b"),
        ("if (true) { return 1 }", 1),
        ("{a: 1}", {"a": 1}),
        ("({a: 1})", {"a": 1}),
        ("async () => 1", None),
        ("(async () => 1)()", 1),
        ("Promise.resolve(2)", 2),
        ("try{ null.x }catch{ return 3 }", 3),
    ],
)
def test_statements(evaluate, expression, expected):
    """What begins like a statement, or has a semicolon, needs its own return."""
    assert evaluate(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("undefined", None),
        ("NaN", None),
        ("-Infinity", None),
        ("-0", 0),
        ("1e21", 1e21),
        ("0.1 + 0.2", 0.30000000000000004),
        ("() => 1", None),
        ("Symbol('a')", None),
        ("[undefined, NaN, () => 1]", [None, None, None]),
        ("({a: undefined, b: () => 1, c: null})", {"c": None}),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("new Map([[1, 2]])", {}),
        ("({toJSON() { return 'own' }})", "own"),
        ("[1, 2, 3].at(-1)", 3),
        ("'\\ud800'", "\ud800"),
        ("'\\ud83d\\ude00'", "😀"),
        ("'a\\0b'", "a\0b"),
        ("'😀'.length", 2),
    ],
)
def test_values(evaluate, expression, expected):
    """Values leave as JSON.stringify writes them."""
    assert evaluate(expression) == expected


@pytest.mark.parametrize("value", [0, -1.5, "é😀\ud800\0", [], {"": {"__proto__": 1}}, [None, True], 2**53, {"1": 0}])
def test_values_go_in_and_out(evaluate, value):
    """JSON values come back as they went in."""
    assert evaluate.in_engine("value", value=value) == value


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (None, {"name": "UnknownError", "message": "No error found"}),
        ("bad", {"name": "UnknownError", "message": "Could not parse the error", "error": "bad"}),
        ([{"error": {"name": "E"}}, 1], {"name": "E"}),
        ([1], {"name": "MultipleErrors", "message": "Could not parse errors", "errors": [1]}),
    ],
)
def test_error(evaluate, previous, expected):
    """The error is found in the previous result, whatever that is."""
    assert evaluate("error", previous_result=previous) == expected


def test_many_errors(evaluate):
    """The errors of a loop are one error with all their messages."""
    previous = [{"error": {"message": "m", "step_id": "a"}}, {"error": {"name": "N"}}]
    assert evaluate("error.message", previous_result=previous) == "[a] m; [1] N"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("nope.x", "QuickJS evaluation error: Error: nope is not defined\n    at <anonymous> (eval_script:1:28)"),
        ("flow_input.x +", "QuickJS evaluation error: Error: unexpected token in expression: ';'\n    at eval_script"),
        ("flow_input.x.y.z", "QuickJS evaluation error: Error: cannot read property 'z' of undefined"),
        ("throw new TypeError('mine')", "QuickJS evaluation error: Error: mine\n"),
        ("throw 'text'", "QuickJS evaluation error: Exception generated by quickjs: text"),
        ("1n", "QuickJS evaluation error: Error: BigInt are forbidden in JSON.stringify"),
        ("(a => (a.a = a))({})", "QuickJS evaluation error: Error: circular reference"),
        ("throw {toString() { throw 1 }}", "Exception generated by quickjs: something that has no text"),
        ("throw '\\ud800'", "Exception generated by quickjs: "),
        ("JSON.stringify = () => 'no'; return 1", "QuickJS evaluation error: the value is no JSON"),
        ("results.a", "QuickJS evaluation error: Error: results is not defined"),
    ],
)
def test_errors(evaluate, expression, said):
    """What is thrown is said in Windmill's words."""
    with pytest.raises(ExpressionError) as raised:
        evaluate(expression, flow_input={"x": 1})
    assert said in raised.value.text
