"""What a SQL job asks of the engine over HTTP, with the job's own token: resources, and files by their keys."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

from flexwm_nb.server.runners.base import RunnerError

CHUNK = 1024 * 1024  # bytes
PATIENCE = 60  # seconds for an answer
OWN_STORAGES = (None, "", "_default_")  # the local engine's only one


class Engine:
    """The engine that runs the job."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Reach it as the job's environment says."""
        self._address = urlsplit(environment["BASE_INTERNAL_URL"]).netloc
        self._workspace = environment["WM_WORKSPACE"]
        self._token = environment["WM_TOKEN"]

    def resource(self, path: str) -> Any:
        """A resource's value with what it refers to put in. Raises RunnerError."""
        return json.loads(self._ask("GET", f"resources/get_value_interpolated/{quote(path)}").read())

    def keys(self, prefix: str) -> list[str]:
        """The keys of the files below a prefix. Raises RunnerError."""
        found: list[str] = []
        marker = ""
        while True:
            fields = urlencode({"max_keys": 1000, "prefix": prefix, "marker": marker})
            page = json.loads(self._ask("GET", f"job_helpers/list_stored_files?{fields}").read())
            found += [item["s3"] for item in page["windmill_large_files"]]
            marker = page.get("next_marker")
            if not marker:
                return found

    def download(self, key: str, path: Path, storage: str | None = None) -> None:
        """Put a file's content at a path. Raises RunnerError."""
        check_storage(storage)
        answer = self._ask("GET", f"job_helpers/download_s3_file?{urlencode({'file_key': key})}")
        with path.open("wb") as file:
            shutil.copyfileobj(answer, file, CHUNK)

    def upload(self, key: str, path: Path, storage: str | None = None) -> None:
        """Store a file under a key. Raises RunnerError."""
        check_storage(storage)
        with path.open("rb") as file:
            self._ask("POST", f"job_helpers/upload_s3_file?{urlencode({'file_key': key})}", file).read()

    def _ask(self, method: str, path: str, body: BinaryIO | None = None) -> HTTPResponse:
        """An answer that went well. Raises RunnerError."""
        connection = HTTPConnection(self._address, timeout=PATIENCE)
        connection.blocksize = CHUNK
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Connection": "close"}
            connection.request(method, f"/api/w/{self._workspace}/{path}", body=body, headers=headers)
            answer = connection.getresponse()
        except (OSError, HTTPException) as error:
            raise RunnerError(f"Internal: the engine does not answer: {error}") from None
        if answer.status >= 300:
            raise RunnerError(answer.read().decode("utf-8", "replace"))
        return answer


def check_storage(name: str | None) -> None:
    """Raise RunnerError for a storage that the local engine has not."""
    if name not in OWN_STORAGES:
        raise RunnerError(f"Not found: Storage {name} not found: the local engine has one storage, leave out storage=")
