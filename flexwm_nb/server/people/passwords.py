"""Passwords, kept as scrypt makes them, and how often one may be tried."""

from __future__ import annotations

import base64
import hmac
import os
import time
from hashlib import scrypt

COST, BLOCK, PARALLEL = 2**14, 8, 1
SALT = 16  # bytes
ATTEMPTS = 20  # for one e-mail within WINDOW
WINDOW = 60.0  # seconds
REMEMBERED = 1_000  # e-mails


def protect(password: str) -> str:
    """What is stored of a password."""
    salt = os.urandom(SALT)
    return f"{_text(salt)}:{_text(_derive(password, salt))}"


def matches(password: str, stored: str | None) -> bool:
    """Whether it is the password. Takes as long for accounts without one."""
    salt, _, key = (stored or f"{_text(bytes(SALT))}:").partition(":")
    derived = _derive(password, base64.b64decode(salt))
    return hmac.compare_digest(_text(derived), key)


def _derive(password: str, salt: bytes) -> bytes:
    return scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Attempts:
    """Logins that were tried lately."""

    def __init__(self) -> None:
        """Start with none."""
        self._moments: dict[str, list[float]] = {}

    def allow(self, email: str) -> bool:
        """Count an attempt; whether it is still allowed."""
        moment = time.monotonic()
        recent = [tried for tried in self._moments.pop(email, ()) if tried > moment - WINDOW]
        allowed = len(recent) < ATTEMPTS
        self._moments[email] = [*recent, moment] if allowed else recent
        if len(self._moments) > REMEMBERED:
            del self._moments[next(iter(self._moments))]
        return allowed
