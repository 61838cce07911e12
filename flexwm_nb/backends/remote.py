"""A Windmill that runs elsewhere: checked once, so that what is wrong is said at the start."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from flexwm_nb import saved_workspaces
from flexwm_nb.client.client import Client
from flexwm_nb.client.endpoint import Endpoint, Reopen, Route
from flexwm_nb.config import Config
from flexwm_nb.errors import (
    AuthenticationFailed,
    EngineError,
    EngineUnreachable,
    EngineVersionMismatch,
    FlexwmError,
    InvalidConfig,
    NotFound,
    PermissionDenied,
    RequestRefused,
    WorkspaceNotFound,
)
from flexwm_nb.models.workspace import User, Workspace

API = "/api"
WINDMILL = re.compile(r"^(?:CE|EE)\b")  # how a Windmill's version begins
NUMBERS = re.compile(r"v(\d+)\.(\d+)\.(\d+)")  # a build from source may have none
OLDEST = (1, 500, 0)
KEYRING = "flexwm_nb"  # the service under which the system's keyring has tokens
SHOWN = 60  # characters of a foreign answer


class RemoteBackend:
    """A Windmill at a URL."""

    kind = "remote"
    reopen: Reopen | None = None  # it is not ours to start
    makes_workspaces = False
    runs = True  # where it does not, `open` says so
    log: Path | None = None

    def __init__(self, config: Config) -> None:
        """At the configured address; nothing is sent yet. Raises InvalidConfig."""
        self._url = base_of(config.target)
        self._config = config

    def open(self) -> Endpoint:
        """Where it is, checked: it is a Windmill of a version that is known, and takes the token in the workspace.

        Raises AuthenticationFailed, EngineUnreachable, EngineVersionMismatch and WorkspaceNotFound.
        """
        endpoint = self._endpoint()
        if endpoint.token is None:
            raise AuthenticationFailed(
                f"There is no token for {self._url}",
                remedy="Give one with WM_TOKEN or connect(token=…); Windmill makes them under Account settings, Tokens",
                missing=True,
            )
        with contextlib.closing(Client(endpoint, attempts=self._config.retry_attempts)) as client:
            version = self._version(client)
            self._check_workspace(client)
        return self._endpoint(version)

    def close(self) -> None:
        """Nothing: it is not ours."""

    def stop(self, *, force: bool = False) -> bool:
        """Refuse. Raises EngineError."""
        raise EngineError(f"The engine at {self._url} is not ours to stop", remedy="Only a local or managed engine is")

    def _endpoint(self, version: str | None = None) -> Endpoint:
        config = self._config
        token = config.token.get_secret_value() if config.token else kept_token(self._url)
        return Endpoint(
            kind=self.kind,
            url=self._url,
            workspace=config.workspace,
            token=token.strip() if token else None,
            version=version,
            route=Route(
                verify=config.verify,
                ca_bundle=config.ca_bundle,
                certificate=config.client_certificate,
                key=config.client_key,
                proxy=config.proxy.get_secret_value() if config.proxy else None,
            ),
        )

    def _version(self, client: Client) -> str:
        """What the engine says it is. Raises EngineUnreachable where that is no Windmill, and EngineVersionMismatch."""
        try:
            text = client.text("/version").strip()
        except (NotFound, PermissionDenied, AuthenticationFailed) as error:
            raise self._no_windmill(f"it refuses {API}/version with status {error.details.get('status')}") from None
        if not WINDMILL.match(text):
            raise self._no_windmill(f"it answers {text[:SHOWN]!r} for its version")
        found = NUMBERS.search(text)
        if found and tuple(map(int, found.groups())) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise EngineVersionMismatch(
                f"The Windmill at {self._url} is too old",
                why=f"it is {text}, the oldest that is supported is v{oldest}",
                remedy="Upgrade it, or use another engine",
            )
        return text

    def _no_windmill(self, why: str) -> FlexwmError:
        remedy = "Give the address under which its pages open in a browser, without what comes after the prefix"
        return EngineUnreachable(f"There is no Windmill at {self._url}", why=why, remedy=remedy, url=self._url)

    def _check_workspace(self, client: Client) -> None:
        """Raise AuthenticationFailed for a refused token and WorkspaceNotFound for a workspace that it cannot enter."""
        try:
            user = client.read(User, f"{client.workspace}/users/whoami")
        except (AuthenticationFailed, PermissionDenied, NotFound):
            client.get("/users/whoami")  # refused here too: it is the token
            raise self._no_workspace(client) from None
        if user.is_super_admin or user.username == user.email:  # who may enter any, also one that is not there
            try:
                exists = client.post("/workspaces/exists", {"id": self._config.workspace}, repeat=True).json()
            except RequestRefused:  # a token for one workspace only: whoami above has let it in
                return
            if not exists:
                raise self._no_workspace(client)

    def _no_workspace(self, client: Client) -> FlexwmError:
        """The error about a workspace, with those that there are."""
        try:
            known = ", ".join(workspace.id for workspace in client.read_all(Workspace, "/workspaces/list"))
        except FlexwmError:
            known = ""
        remedy = f"Choose one of yours with workspace=…: {known}" if known else "Choose another with workspace=…"
        what = f"The workspace {self._config.workspace!r} does not exist at {self._url}, or is not open to this token"
        return WorkspaceNotFound(what, remedy=remedy, workspace=self._config.workspace)


def base_of(address: str) -> str:
    """An engine's base URL, path prefix included, without /api, query and fragment. Raises InvalidConfig."""
    try:
        found = urlsplit(address.strip())
        usable = found.scheme in ("http", "https") and bool(found.hostname) and (found.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        remedy = "Give local, or a URL such as https://windmill.example.org"
        if known := [saved.name for saved in saved_workspaces.read()]:
            remedy += f", or a workspace saved by wmill: {', '.join(known)}"
        raise InvalidConfig(f"{address!r} is not an engine", remedy=remedy, fields=["engine"])
    if found.username or found.password:
        raise InvalidConfig("The engine's address contains a password", remedy="Give a token with WM_TOKEN instead")
    path = found.path.rstrip("/")
    return urlunsplit((found.scheme, found.netloc, path.removesuffix(API).rstrip("/"), "", ""))


def kept_token(url: str) -> str | None:
    """The token that the system's keyring has for an address (`keyring set flexwm_nb URL`), where there is one."""
    try:
        import keyring
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password(KEYRING, url)
    except Exception:  # each keyring fails in its own way: locked, without a display, denied
        return None
    return found
