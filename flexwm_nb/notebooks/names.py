"""How names are used in Python statements: which are read, set and changed; pure."""

from __future__ import annotations

import ast

SHOWN = frozenset(["print", "display", "repr", "len", "type", "help"])  # functions that change nothing
SHOWING = frozenset(
    ["head", "tail", "describe", "info", "sample", "plot", "show", "nunique", "value_counts", "memory_usage"]
)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def shows(statement: ast.stmt) -> bool:
    """Whether a statement only shows a value."""
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value
    if not isinstance(value, ast.Call):
        return not any(isinstance(node, ast.Call | ast.NamedExpr) for node in ast.walk(value))
    function = value.func
    named = isinstance(function, ast.Name) and function.id in SHOWN
    return named or (isinstance(function, ast.Attribute) and function.attr in SHOWING)


class Names(ast.NodeVisitor):
    """Follows names through statements, in the order in which they run."""

    def __init__(self, defined: set[str] | None = None, local: frozenset[str] = frozenset()) -> None:
        self.defined = set(defined or ())  # surely set before
        self.reads: dict[str, None] = {}
        self.later: dict[str, None] = {}  # read when a function that is made here is called
        self.writes: dict[str, None] = {}
        self.changes: set[str] = set()
        self.aliases: list[tuple[str, str]] = []
        self._local = local

    def visit_Name(self, node: ast.Name) -> None:
        """A name that is read or set."""
        if node.id in self._local:
            return
        if isinstance(node.ctx, ast.Load):
            if node.id not in self.defined:
                self.reads.setdefault(node.id)
        else:
            self._write(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        """The value comes first."""
        self.visit(node.value)
        for target in node.targets:
            self._target(target)
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Name):
                self.aliases.append((target.id, node.value.id))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """The value comes first; without one nothing is set."""
        if node.value is not None:
            self.visit(node.value)
            self._target(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """It reads what it sets."""
        self.visit(node.value)
        root = _root(node.target)
        if root is not None:
            self.visit_Name(ast.Name(root, ast.Load()))
            self._change(root)
        self._target(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """The value comes first."""
        self.visit(node.value)
        self._write(node.target.id)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A method that is called for its effect changes its object."""
        self.visit(node.value)
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr not in SHOWING:
            root = _root(call.func.value)
            if root is not None:
                self._change(root)
        if isinstance(call, ast.Call) and not shows(node):
            for argument in call.args:
                if isinstance(argument, ast.Name):
                    self._change(argument.id)

    def visit_Call(self, node: ast.Call) -> None:
        """`inplace=True` changes the object."""
        self.generic_visit(node)
        inplace = any(
            word.arg == "inplace" and isinstance(word.value, ast.Constant) and word.value.value
            for word in node.keywords
        )
        root = _root(node.func) if inplace else None
        if root is not None:
            self._change(root)

    def visit_Delete(self, node: ast.Delete) -> None:
        """A deleted part changes its object."""
        for target in node.targets:
            root = _root(target)
            if root is not None and not isinstance(target, ast.Name):
                self.visit(target)
                self._change(root)

    def visit_If(self, node: ast.If) -> None:
        """Only what both ways set is surely set."""
        self.visit(node.test)
        ways = [self._branch(node.body), self._branch(node.orelse)]
        self.defined |= ways[0] & ways[1]

    def visit_For(self, node: ast.For) -> None:
        """Its body may not run."""
        self.visit(node.iter)
        before = set(self.defined)
        self._target(node.target)
        self._branch(node.body)
        self.defined = before
        self._branch(node.orelse)

    def visit_While(self, node: ast.While) -> None:
        """Its body may not run."""
        self.visit(node.test)
        self._branch(node.body)
        self._branch(node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        """Its body may end anywhere."""
        self._branch([*node.body, *node.orelse])
        for handler in node.handlers:
            if handler.type is not None:
                self.visit(handler.type)
            local, self._local = self._local, self._local | frozenset([handler.name] if handler.name else [])
            self._branch(handler.body)
            self._local = local
        for statement in node.finalbody:
            self.visit(statement)

    def visit_With(self, node: ast.With) -> None:
        """Its body runs."""
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._target(item.optional_vars)
        for statement in node.body:
            self.visit(statement)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its parameters are its own."""
        for default in [*node.args.defaults, *(item for item in node.args.kw_defaults if item is not None)]:
            self.visit(default)
        self._scope([node.body], parameters(node.args))

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """Its targets are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        """Its targets are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        """Its targets are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """Its targets are its own."""
        self._comprehension(node.generators, [node.key, node.value])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function that a statement makes."""
        self.define(node)
        self._write(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class that a statement makes."""
        self.define(node)
        self._write(node.name)

    def visit_Import(self, node: ast.Import) -> None:
        """An import inside of another statement."""
        for alias in node.names:
            self._write(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """An import inside of another statement."""
        for alias in node.names:
            self._write(alias.asname or alias.name)

    def define(self, node: ast.stmt) -> None:
        """What a definition reads: at once, and when it is used."""
        if isinstance(node, ast.ClassDef):
            for part in [*node.decorator_list, *node.bases, *(word.value for word in node.keywords)]:
                self.visit(part)
            own = frozenset(name for item in ast.walk(node) for name in _bound(item))
            inner = Names(self.defined, self._local | own)
            for statement in node.body:
                inner.define(statement) if isinstance(statement, DEFINITIONS) else inner.visit(statement)
            self._join(inner, inner.reads)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found = node.args
            annotations = [item.annotation for item in _all_parameters(found) if item.annotation is not None]
            returned = [node.returns] if node.returns is not None else []
            defaults = [*found.defaults, *(item for item in found.kw_defaults if item is not None)]
            for part in [*node.decorator_list, *defaults, *annotations, *returned]:
                self.visit(part)
            own = frozenset(name for statement in node.body for item in ast.walk(statement) for name in _bound(item))
            inner = Names(set(), self._local | parameters(found) | own | frozenset([node.name]))
            for statement in node.body:
                inner.visit(statement)
            self._join(inner, {})

    def _join(self, inner: Names, reads: dict[str, None]) -> None:
        for name in reads:
            self.reads.setdefault(name)
        for name in [*inner.later, *(inner.reads if not reads else ())]:
            if name not in self.defined:
                self.later.setdefault(name)

    def _comprehension(self, generators: list[ast.comprehension], results: list[ast.expr]) -> None:
        own = frozenset(name for item in generators for part in ast.walk(item.target) for name in _bound(part))
        self.visit(generators[0].iter)
        rest: list[ast.expr] = [item.iter for item in generators[1:]]
        tests = [test for item in generators for test in item.ifs]
        self._scope([*rest, *tests, *results], own)

    def _scope(self, parts: list[ast.expr], own: frozenset[str]) -> None:
        local, self._local = self._local, self._local | own
        for part in parts:
            self.visit(part)
        self._local = local

    def _branch(self, body: list[ast.stmt]) -> set[str]:
        """Follow statements that may not run; what they surely set when they do."""
        before = set(self.defined)
        for statement in body:
            self.visit(statement)
        after, self.defined = self.defined, before
        return after

    def _target(self, node: ast.expr) -> None:
        if isinstance(node, ast.Attribute | ast.Subscript):
            self.visit(node.value)
            if isinstance(node, ast.Subscript):
                self.visit(node.slice)
            root = _root(node)
            if root is not None:
                self._change(root)
        elif isinstance(node, ast.Tuple | ast.List):
            for item in node.elts:
                self._target(item)
        elif isinstance(node, ast.Starred):
            self._target(node.value)
        else:
            self.visit(node)

    def _write(self, name: str) -> None:
        if name not in self._local:
            self.writes.setdefault(name)
            self.defined.add(name)

    def _change(self, name: str) -> None:
        """An object is changed in place: its name is read and written."""
        if name not in self._local:
            self.changes.add(name)


def _root(node: ast.expr) -> str | None:
    """The name at the beginning of `a.b[c].d`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _bound(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    return [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []


def _all_parameters(found: ast.arguments) -> list[ast.arg]:
    more = [item for item in (found.vararg, found.kwarg) if item is not None]
    return [*found.posonlyargs, *found.args, *found.kwonlyargs, *more]


def parameters(found: ast.arguments) -> frozenset[str]:
    """The names of a function's parameters."""
    return frozenset(item.arg for item in _all_parameters(found))
