"""A definition's parser and help."""

import pytest

from flexwm_nb.errors import InvalidInput
from flexwm_nb.magics.arguments import parse
from flexwm_nb.magics.definitions import BY_NAME, DEFINITIONS

SCRIPT, RUN, LOGS = BY_NAME["windmill_script"], BY_NAME["windmill_run"], BY_NAME["windmill_logs"]


def test_operands_and_options_come_in_any_order() -> None:
    """Options may stand before, between and after the operands."""
    parsed = parse(SCRIPT, "--quiet python3 --timeout 2.5 f/a/b -o out --arg n=1 --arg=m=2")
    assert parsed.operands == {"LANG": "python3", "PATH": "f/a/b"}
    assert parsed.options == {"quiet": True, "timeout": 2.5, "out": "out", "arg": [("n", "1"), ("m", "2")]}


def test_after_two_dashes_nothing_is_an_option() -> None:
    """`--` ends the options."""
    assert parse(RUN, "f/a/b -- --odd=1").operands["k=v"] == ["--odd=1"]


WRONG = {
    "letters swapped": (SCRIPT, "python3 f/a/b --agr n=1", "there is no option --agr. Did you mean --arg?"),
    "an unknown option": (SCRIPT, "python3 f/a/b --timout 3", "there is no option --timout. Did you mean --timeout?"),
    "nothing like it": (SCRIPT, "python3 f/a/b --zzz", "there is no option --zzz. See %%windmill_script --help"),
    "a missing path": (SCRIPT, "python3", "PATH is missing. Write %%windmill_script LANG PATH [options]"),
    "too much": (SCRIPT, "python3 f/a/b f/a/c", "'f/a/c' is too much. Write %%windmill_script LANG PATH [options]"),
    "a value that is no number": (SCRIPT, "python3 f/a/b -t x", "-t takes a number of seconds above 0, not 'x'"),
    "a number below": (SCRIPT, "python3 f/a/b -t -1", "-t takes a number of seconds above 0, not '-1'"),
    "infinity": (SCRIPT, "python3 f/a/b -t inf", "-t takes a number of seconds above 0, not 'inf'"),
    "a count that is a fraction": (LOGS, "--tail 1.5", "--tail takes a whole number above 0, not '1.5'"),
    "a switch with a value": (SCRIPT, "python3 f/a/b --quiet=1", "--quiet takes no value. Write --quiet alone"),
    "a value that is missing": (SCRIPT, "python3 f/a/b -o", "-o needs a value. Write -o NAME"),
    "an option in place of a value": (SCRIPT, "python3 f/a/b -o --quiet", "-o needs a value. Write -o NAME"),
    "twice": (SCRIPT, "python3 f/a/b -o a -o b", "-o is given twice. Keep one of them"),
    "no name": (SCRIPT, "python3 f/a/b -o 2x", "-o takes the name of a kernel variable, not '2x'"),
    "no pair": (SCRIPT, "python3 f/a/b --arg x", "--arg takes NAME=VALUE, not 'x'. Write --arg x=VALUE"),
}


@pytest.mark.parametrize(("definition", "line", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_line_with_what_to_do(definition, line: str, message: str) -> None:  # type: ignore[no-untyped-def]
    """The error names the option or operand and the next step."""
    with pytest.raises(InvalidInput) as caught:
        parse(definition, line)
    assert str(caught.value) == message


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_every_magic_has_help(definition) -> None:  # type: ignore[no-untyped-def]
    """The help says how the magic is written, what it does and every option; --help asks for it."""
    document = definition.document()
    assert document.startswith(definition.usage)
    assert definition.help in document
    assert all(option.usage in document for option in definition.options)
    assert parse(definition, "--help").help


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_the_examples_parse(definition) -> None:  # type: ignore[no-untyped-def]
    """What the help shows can be typed."""
    for example in definition.examples:
        magic, _, line = example.split("\n")[0].rpartition("%")[2].partition(" ")
        assert magic == definition.name
        parse(definition, line)
