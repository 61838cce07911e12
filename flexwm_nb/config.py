"""The settings: what they are, where they come from, and what is wrong with them.

Sources, strongest first: arguments, environment variables (`ENVIRONMENT`), a TOML file, the workspaces that the
Windmill command line has saved (for an engine that is one of them by its name or address), defaults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from flexwm_nb import saved_workspaces
from flexwm_nb.errors import InvalidConfig

APPLICATION = "flexwm_nb"
WORKSPACE = "demo"
MAX_CONCURRENT = 10  # jobs at once on the local engine
TIMEOUT = 300.0  # seconds that a wait takes at most
RETRY_ATTEMPTS = 3  # tries of a request that may be repeated
IDLE_TIMEOUT = 900.0  # seconds without client or job after which the local engine leaves
ENGINES = ("local", "managed")  # what an engine may be called beside its address
FILE_VARIABLE = "FLEXWM_CONFIG"  # names the TOML file

# field -> the variables that set it, strongest first; Windmill's own names count too
ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "engine": ("FLEXWM_ENGINE",),
    "workspace": ("FLEXWM_WORKSPACE", "WINDMILL_WORKSPACE", "WM_WORKSPACE"),
    "token": ("FLEXWM_TOKEN", "WM_TOKEN"),
    "base_url": ("FLEXWM_BASE_URL", "BASE_INTERNAL_URL"),
    "store": ("FLEXWM_STORE",),
    "cache": ("FLEXWM_CACHE",),
    "port": ("FLEXWM_PORT",),
    "max_concurrent": ("FLEXWM_MAX_CONCURRENT",),
    "timeout": ("FLEXWM_TIMEOUT",),
    "retry_attempts": ("FLEXWM_RETRY_ATTEMPTS",),
    "idle_timeout": ("FLEXWM_IDLE_TIMEOUT",),
    "isolation": ("FLEXWM_ISOLATION",),
    "network": ("FLEXWM_NETWORK",),
    "job_paths": ("FLEXWM_JOB_PATHS",),
    "binary_path": ("FLEXWM_BINARY_PATH", "WINDMILL_BINARY_PATH"),
    "database_url": ("FLEXWM_DATABASE_URL", "DATABASE_URL"),
    "verify": ("FLEXWM_VERIFY",),
    "ca_bundle": ("FLEXWM_CA_BUNDLE",),
    "client_certificate": ("FLEXWM_CLIENT_CERTIFICATE",),
    "client_key": ("FLEXWM_CLIENT_KEY",),
    "proxy": ("FLEXWM_PROXY",),
    "debug": ("FLEXWM_DEBUG",),
    "managed_folder": ("FLEXWM_MANAGED_FOLDER",),
    "source": ("FLEXWM_WINDMILL_SOURCE",),
    "release_url": ("FLEXWM_WINDMILL_URL",),
    "release_sha256": ("FLEXWM_WINDMILL_SHA256",),
}


def default_store() -> Path:
    """The directory of the local engine's store when none is set."""
    return Path(platformdirs.user_data_dir(APPLICATION)) / "local"


def default_cache() -> Path:
    """The directory of the packages that scripts need when none is set."""
    return Path(platformdirs.user_cache_dir(APPLICATION))


def default_managed_folder() -> Path:
    """The directory of the managed engine when none is set."""
    return Path(platformdirs.user_data_dir(APPLICATION)) / "managed"


def default_file() -> Path:
    """The TOML file that is read if it exists."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named).expanduser() if named else Path(platformdirs.user_config_dir(APPLICATION)) / "config.toml"


class Config(BaseSettings):
    """How to reach and run an engine. Immutable; the token is never shown.

    Raises InvalidConfig that lists every wrong field at once.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    engine: str | None = Field(
        None,
        description="local, managed, a base URL, or a workspace saved by wmill; None = base_url if set, else local",
    )
    workspace: str = Field(WORKSPACE, pattern=r"^\w+(-\w+)*$", description="workspace id")
    token: SecretStr | None = Field(None, description="token of a remote engine")
    base_url: str | None = Field(None, pattern=r"^https?://", description="base URL of a remote engine")
    store: Path = Field(default_factory=default_store, description="directory of the local engine's store")
    cache: Path = Field(default_factory=default_cache, description="directory of packages that scripts need and share")
    port: int = Field(0, ge=0, le=65535, description="loopback port of the local or managed engine; 0 = any free one")
    max_concurrent: int = Field(MAX_CONCURRENT, ge=1, le=10_000, description="jobs at once on an engine started here")
    timeout: float = Field(TIMEOUT, gt=0, description="seconds that a wait takes at most")
    retry_attempts: int = Field(RETRY_ATTEMPTS, ge=1, le=20, description="tries of a repeatable request")
    idle_timeout: float = Field(IDLE_TIMEOUT, ge=0, description="idle seconds of the local engine; 0 = stay")
    binary_path: Path | None = Field(None, description="the Windmill binary of the managed engine")
    database_url: SecretStr | None = Field(None, description="PostgreSQL of the managed engine; None = one of its own")
    isolation: Literal["auto", "required", "bubblewrap", "landlock", "plain"] = Field(
        "auto", description="how the local engine keeps jobs from the rest; required: none runs where that fails"
    )
    network: str = Field(
        "full", description="what jobs of the local engine may reach: full, none, or hosts with commas"
    )
    job_paths: str = Field("", description="folders that jobs may read and write, whatever is hidden; : between them")
    verify: bool = Field(True, description="check the TLS certificate of a remote engine")
    ca_bundle: Path | None = Field(None, description="PEM file of certificates to trust besides the system's")
    client_certificate: Path | None = Field(None, description="PEM file by which a remote engine knows this client")
    client_key: Path | None = Field(None, description="key of the client's certificate, where that file has none")
    proxy: SecretStr | None = Field(None, description="URL of the proxy to a remote engine; None = the environment's")
    debug: bool = Field(False, description="log requests")
    managed_folder: Path = Field(default_factory=default_managed_folder, description="the managed engine's directory")
    source: Path | None = Field(None, description="folder of Windmill's backend source to build from")
    release_url: str | None = Field(None, pattern=r"^https?://", description="where a Windmill program is downloaded")
    release_sha256: str | None = Field(None, pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 of that program")

    def __init__(self, **arguments: Any) -> None:
        """Read the settings; arguments that are None count as not given. Raises InvalidConfig."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise _invalid(error, given) from None

    @property
    def target(self) -> str:
        """Which engine is meant: 'local', 'managed' or a base URL."""
        return self.engine or self.base_url or "local"

    @model_validator(mode="before")
    @classmethod
    def _saved(cls, given: Any) -> Any:
        """Add what the Windmill command line knows of the engine that is meant."""
        wanted = given.get("engine") or given.get("base_url")
        if not isinstance(wanted, str) or wanted in ENGINES:
            return given
        found = saved_workspaces.find(saved_workspaces.read(), wanted, given.get("workspace"))
        if found is None:
            return given
        known = {"workspace": found.workspace, "token": found.token}
        named = {"engine": found.remote} if found.name == wanted else {}
        return {**known, **given, **named}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources, strongest first."""
        return init_settings, _Environment(settings_cls), _file(settings_cls)


class _Environment(PydanticBaseSettingsSource):
    """The variables of `ENVIRONMENT`; an empty one counts as not set."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The first variable of the field that is set."""
        return os.environ.get(variable_of(field_name) or "") or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every field that the environment sets."""
        found = {name: variable for name in ENVIRONMENT if (variable := variable_of(name))}
        return {name: os.environ[variable] for name, variable in found.items()}


def variable_of(field: str) -> str | None:
    """The environment variable that sets a field now."""
    return next((name for name in ENVIRONMENT.get(field, ()) if os.environ.get(name)), None)


def _file(settings_cls: type[BaseSettings]) -> PydanticBaseSettingsSource:
    """The TOML file. Raises InvalidConfig when it cannot be read as TOML."""
    path = default_file()
    try:
        return TomlConfigSettingsSource(settings_cls, path)
    except (ValueError, OSError) as error:
        raise InvalidConfig(f"The file {path} cannot be read", why=str(error), file=str(path)) from None


def _invalid(error: ValidationError, given: Mapping[str, Any]) -> InvalidConfig:
    """One error for all wrong fields, each with where its value came from."""
    problems = [(str(item["loc"][0]), item["msg"]) for item in error.errors(include_input=False, include_url=False)]
    lines = [f"{name} ({_origin(name, given)}): {message}" for name, message in problems]
    return InvalidConfig(why="; ".join(lines), fields=sorted({name for name, _ in problems}))


def _origin(field: str, given: Mapping[str, Any]) -> str:
    """Where a field's value came from."""
    return "argument" if field in given else variable_of(field) or str(default_file())
