"""A magic's line, cut into words."""

import pytest

from flexwm_nb.errors import InvalidInput
from flexwm_nb.magics import tokens

LINES = {
    "plain": ("python3 f/a/b", ["python3", "f/a/b"]),
    "nothing": ("   ", []),
    "quoted": ('--summary "two words" x', ["--summary", '"two words"', "x"]),
    "apostrophe inside of a word": ("it's a test", ["it's", "a", "test"]),
    "JSON stays whole": ('rows=[{"a": 1}, {"a": 2}] n=3', ['rows=[{"a": 1}, {"a": 2}]', "n=3"]),
    "a bracket in a JSON text": ('d={"a": "]}"} x', ['d={"a": "]}"}', "x"]),
    "a quote after the equals sign": ("name='Ada Lovelace'", ["name='Ada Lovelace'"]),
    "an escaped quote": (r'name="say \"hi\" now" x', [r'name="say \"hi\" now"', "x"]),
    "dollars and braces as they are": ("a=$x b={y} $HOME", ["a=$x", "b={y}", "$HOME"]),
    "a bracket in the middle of a word": ("a[1 b", ["a[1", "b"]),
    "unicode": ("name=Ångström überall", ["name=Ångström", "überall"]),
}


@pytest.mark.parametrize(("line", "words"), LINES.values(), ids=LINES)
def test_a_line_is_cut_into_words(line: str, words: list[str]) -> None:
    """White space outside of quotes and brackets ends a word."""
    assert tokens.split(line) == words


@pytest.mark.parametrize("line", ["x 'open", 'n="open', "rows=[1, 2", 'd={"a": [1}', "d={"])
def test_what_is_not_closed_is_an_error_that_says_how(line: str) -> None:
    """An open quote or bracket is refused, and the error says what closes it."""
    with pytest.raises(InvalidInput, match=r"is not closed\. Close it with"):
        tokens.split(line)


PAIRS = {
    "plain": ("n=3", ("n", "3")),
    "the value has an equals sign": ("q=a=b", ("q", "a=b")),
    "single quotes fall": ("name='a b'", ("name", "a b")),
    "double quotes stay, they are JSON": ('name="a b"', ("name", '"a b"')),
    "quotes around the whole": ('"name=a b"', ("name", "a b")),
    "empty value": ("name=", ("name", "")),
    "no equals sign": ("name", None),
    "no name": ("=3", None),
}


@pytest.mark.parametrize(("word", "pair"), PAIRS.values(), ids=PAIRS)
def test_a_word_is_read_as_a_name_and_a_value(word: str, pair: tuple[str, str] | None) -> None:
    """The first equals sign parts the name from the value."""
    assert tokens.pair(word) == pair
