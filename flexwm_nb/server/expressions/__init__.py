"""JavaScript of flows: input transforms and predicates, evaluated as Windmill does."""

from flexwm_nb.server.expressions.engine import Expressions
from flexwm_nb.server.expressions.scope import ExpressionError, Scope

__all__ = ["ExpressionError", "Expressions", "Scope"]
