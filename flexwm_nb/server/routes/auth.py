"""Logging in and out.

The administrator that a store starts with has no password until it sets one (`users/setpassword`): it comes in by the
server's own token.
"""

from __future__ import annotations

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.people import access, passwords, tokens
from flexwm_nb.server.web.failures import Failure, bad_request
from flexwm_nb.server.web.http import as_json, body, context, plain

SESSION = 7 * 24 * 3600  # seconds
COOKIE = "token"

attempts = passwords.Attempts()


class Login(msgspec.Struct):
    """Who wants to come in."""

    email: str
    password: str


async def login(request: Request) -> Response:
    """A new token for a password, also as a cookie."""
    wanted = await body(request, Login)
    email, database = wanted.email.lower(), context(request).database
    if not attempts.allow(email):
        raise Failure(429, "Too many login attempts. Wait a minute, then try again")
    account = database.one("tokens_account", email=email) or {}
    stored = None if account.get("disabled") else account.get("password")
    if not await asyncio.to_thread(passwords.matches, wanted.password, stored):
        raise bad_request("Invalid login")
    token = await tokens.make(database, email, label="session", expiration=now() + SESSION * 1_000_000)
    response = plain(token)
    response.set_cookie(COOKIE, token, max_age=SESSION, httponly=True, samesite="lax")
    return response


async def logout(request: Request) -> Response:
    """End the session; with `?rd=` go on to a page of this server."""
    token, parts = access.find_token(request.scope), context(request)
    if token is not None:
        hashed = access.hash_token(token)
        await parts.database.write(lambda transaction: transaction.run("tokens_end_session", hash=hashed))
        parts.forget_identities()
    target = request.query_params.get("rd", "")
    local = target.startswith("/") and not target.startswith(("//", "/\\"))
    response = RedirectResponse(target, 303) if local else plain("logged out successfully")
    response.delete_cookie(COOKIE)
    return response


async def no(request: Request) -> Response:
    """Whether somebody still has to set the server up, it sends mail, or refuses passwords: never."""
    return as_json(False)


routes = [
    Route("/auth/login", login, methods=["POST"]),
    Route("/auth/logout", logout, methods=["GET", "POST"]),
    Route("/auth/is_first_time_setup", no, methods=["GET"]),
    Route("/auth/is_smtp_configured", no, methods=["GET"]),
    Route("/auth/is_password_login_disabled", no, methods=["GET"]),
]
