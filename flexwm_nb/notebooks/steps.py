"""A notebook's cell as the source of a step: its imports, its helpers, and `main` around its statements; pure.

Values go from step to step as JSON where that is exact, frames as parquet, anything else pickled.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

TRAVEL = '''def _pack(value):
    """A value as JSON: itself where that is exact, a frame as parquet, anything else pickled."""
    if value is None or type(value) in (bool, int, str) or (type(value) is float and value - value == 0):
        return value
    if type(value) is list:
        return [_pack(item) for item in value]
    if type(value) is dict and all(type(key) is str for key in value) and "$python" not in value:
        if list(value) == sorted(value, key=lambda key: (len(key.encode()), key.encode())):
            return {key: _pack(item) for key, item in value.items()}
    import base64, io, pickle
    if type(value).__name__ == "DataFrame" and hasattr(value, "to_parquet"):
        try:
            import pandas
            data = io.BytesIO()
            value.to_parquet(data)
            pandas.testing.assert_frame_equal(pandas.read_parquet(io.BytesIO(data.getvalue())), value)
            return {"$python": "parquet", "data": base64.b64encode(data.getvalue()).decode()}
        except Exception:
            pass
    return {"$python": "pickle", "data": base64.b64encode(pickle.dumps(value)).decode(), "module": __name__}


def _unpack(value):
    """The value that was packed."""
    if type(value) is list:
        return [_unpack(item) for item in value]
    if type(value) is not dict:
        return value
    if "$python" not in value:
        return {key: _unpack(item) for key, item in value.items()}
    import base64, io, pickle
    data = base64.b64decode(value["data"])
    if value["$python"] == "parquet":
        import pandas
        return pandas.read_parquet(io.BytesIO(data))

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            return globals()[name] if module == value["module"] else super().find_class(module, name)

    return Reader(io.BytesIO(data)).load()'''


def step_source(
    statements: list[ast.stmt],
    source: str,
    *,
    imports: Iterable[str],
    definitions: Iterable[str],
    inputs: list[str],
    plain: Iterable[str],
    outputs: list[str],
    shared: Iterable[str],
    result: bool,
) -> str:
    """The script of one cell.

    `inputs` come packed but for the `plain` ones; `outputs` are given packed; helpers read the `shared` names, which so
    are the script's own; with `result` the last expression is given too, under the name `result`.
    """
    unpacked = [name for name in inputs if name not in set(plain)]
    body = _texts(statements, source)
    if result:
        body[-1] = f"result = {body[-1]}"
    given = [*outputs, *(["result"] if result else [])]
    lines = [f"{name} = _unpack({name})" for name in unpacked]
    read = [name for name in shared if name in inputs]
    made = [name for name in shared if name not in inputs]
    lines += [f"globals().update({', '.join(f'{name}={name}' for name in read)})"] if read else []
    lines = [f"global {', '.join(made)}", *lines] if made else lines
    lines += body
    lines.append(f"return {{{', '.join(f'{chr(34)}{name}{chr(34)}: _pack({name})' for name in given)}}}")
    main = f"def main({', '.join(inputs)}):\n" + "\n".join(indented(line) for line in lines)
    travel = [TRAVEL] if given or unpacked else []
    return "\n\n\n".join(part for part in ["\n".join(imports), *definitions, *travel, main] if part) + "\n"


def indented(text: str) -> str:
    """A statement four spaces deeper; the lines inside of its texts stay as they are."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # `return`, which stands in a function only
        return f"    {text}"
    kept = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    }
    lines = text.split("\n")
    return "\n".join(
        line if number in kept or not line.strip() else f"    {line}" for number, line in enumerate(lines, 1)
    )


def text_of(statement: ast.stmt, source: str) -> str:
    """A statement as it was written, decorators and the comments right before it included."""
    lines = source.split("\n")
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(item.lineno for item in decorators)]) - 1
    text = "\n".join(lines[first : statement.end_lineno])
    if statement.col_offset or ";" in text:  # several on one line
        return ast.get_source_segment(source, statement) or ast.unparse(statement)
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
        text = f"{lines[first]}\n{text}"
    return text


def _texts(statements: list[ast.stmt], source: str) -> list[str]:
    return [text_of(statement, source) for statement in statements]
