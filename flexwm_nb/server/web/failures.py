"""Answers other than success, in Windmill's words: a status and a plain text."""

from __future__ import annotations


class Failure(Exception):
    """An answer that ends the request. `status` is the HTTP status, `text` the whole body."""

    def __init__(self, status: int, text: str) -> None:
        """Make the answer."""
        super().__init__(text)
        self.status = status
        self.text = text


def not_found(text: str) -> Failure:
    """404, what does not exist."""
    return Failure(404, f"Not found: {text}")


def missing(kind: str, name: object) -> Failure:
    """404 in the words of Windmill's common helper, whose end names a source position."""
    return not_found(f"{kind} not found at name {name} (flexwm)")


def bad_request(text: str) -> Failure:
    """400, the request cannot be carried out as it stands."""
    return Failure(400, f"Bad request: {text}")


def invalid_url(text: str) -> Failure:
    """400, a part of the path cannot be read."""
    return Failure(400, f"Invalid URL: {text}")


def sql_error(text: str) -> Failure:
    """400, what PostgreSQL would have refused."""
    return Failure(400, f"SqlErr: {text} @flexwm")


def improper_path(relation: str, constraint: str = "proper_id") -> Failure:
    """400, a path or name that breaks the rule."""
    return sql_error(
        f'error returned from database: new row for relation "{relation}" violates check constraint "{constraint}"'
    )


def unauthorized() -> Failure:
    """401, no token or one that is not valid."""
    return Failure(401, "Unauthorized")


def not_authorized(text: str) -> Failure:
    """401, known but not allowed here."""
    return Failure(401, f"Not authorized: {text}")


def require_admin(username: str) -> Failure:
    """403, for administrators only."""
    return Failure(403, f"Require Admin privileges for {username}")


def permission_denied(text: str) -> Failure:
    """403, not allowed."""
    return Failure(403, f"Permission denied: {text}")


def internal(text: str) -> Failure:
    """500 with Windmill's prefix for what went wrong inside."""
    return Failure(500, f"Internal: {text}")


def anyhow(text: str) -> Failure:
    """500 with Windmill's prefix for a wrapped library error."""
    return Failure(500, f"Error: {text} @flexwm")
