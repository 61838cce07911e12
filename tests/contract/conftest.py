"""Databases that SQL scripts are run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import databases


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A resource that leads to a PostgreSQL."""
    with databases.running_postgresql(tmp_path_factory.mktemp("postgresql")) as resource:
        yield resource


@pytest.fixture(scope="session")
def mysql() -> Iterator[dict[str, Any]]:
    """A resource that leads to a MariaDB or MySQL."""
    if databases.mysql_program() is None:
        pytest.skip("neither mariadbd nor mysqld is installed: apt-get install mariadb-server")
    with databases.running_mysql() as resource:
        yield resource
