"""A magic's line, cut into words as people write them: quotes and JSON stay whole."""

from __future__ import annotations

from flexwm_nb.errors import InvalidInput

QUOTES = "\"'"
OPENING = {"{": "}", "[": "]"}
CLOSING = frozenset(OPENING.values())


def split(line: str) -> list[str]:
    """The words of a line, quotes included.

    A word ends at white space outside of quotes and brackets. A quote or a bracket counts at the start of a word or
    of its value (after `=`), so `it's` and `a[1` are ordinary words. Raises InvalidInput for one that is not closed.
    """
    words: list[str] = []
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        end = _end_of_word(line, position)
        words.append(line[position:end])
        position = end
    return words


def _end_of_word(line: str, start: int) -> int:
    position, fresh = start, True
    while position < len(line) and not line[position].isspace():
        character = line[position]
        if fresh and character in QUOTES:
            position = _end_of_quote(line, position)
            fresh = False
        elif fresh and character in OPENING:
            position = _end_of_bracket(line, position)
            fresh = False
        else:
            fresh = character == "="
            position += 1
    return position


def _end_of_quote(line: str, start: int) -> int:
    """Behind the quote that closes the one at `start`."""
    quote, position = line[start], start + 1
    while position < len(line):
        if line[position] == "\\" and quote == '"':
            position += 2
        elif line[position] == quote:
            return position + 1
        else:
            position += 1
    raise InvalidInput(f"the quote in {line[start:]} is not closed", remedy=f"Close it with {quote}")


def _end_of_bracket(line: str, start: int) -> int:
    """Behind the bracket that closes the one at `start`; brackets in double quotes do not count."""
    position, expected = start, []
    while position < len(line):
        character = line[position]
        if character == '"':
            position = _end_of_quote(line, position)
            continue
        if character in OPENING:
            expected.append(OPENING[character])
        elif character in CLOSING and expected.pop() != character:
            break
        position += 1
        if not expected:
            return position
    raise InvalidInput(
        f"the {line[start]} in {line[start:]} is not closed", remedy=f"Close it with {OPENING[line[start]]}"
    )


def unquoted(word: str) -> str:
    """A word without the quotes around it."""
    if len(word) < 2 or word[0] != word[-1] or word[0] not in QUOTES:
        return word
    inner = word[1:-1]
    return inner.replace('\\"', '"').replace("\\\\", "\\") if word[0] == '"' else inner


def pair(word: str) -> tuple[str, str] | None:
    """The name and the value of `name=value`, the value as written but for single quotes around it or the whole."""
    if word[:1] in QUOTES:
        word = unquoted(word)
    name, equals, value = word.partition("=")
    if not equals or not name:
        return None
    return name.strip(), unquoted(value) if value.startswith("'") else value
