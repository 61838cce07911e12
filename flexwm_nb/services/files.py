"""Files: data too large for arguments and results, kept by the engine under keys."""

from __future__ import annotations

from flexwm_nb.client.client import Client

BINARY = {"Content-Type": "application/octet-stream"}


class FileService:
    """The files of one workspace. A key travels in arguments as `{"s3": key}`."""

    def __init__(self, client: Client) -> None:
        """Work through this client."""
        self._client = client

    def upload(self, data: bytes, key: str | None = None) -> str:
        """Keep data and give its key; without one of yours the engine chooses it."""
        answer = self._client.request(
            "POST",
            f"{self._client.workspace}/job_helpers/upload_s3_file",
            query={"file_key": key},
            content=data,
            headers=BINARY,
            repeat=key is not None,
        )
        return str(answer.json()["file_key"])

    def download(self, key: str) -> bytes:
        """The data under a key. Raises NotFound."""
        path = f"{self._client.workspace}/job_helpers/download_s3_file"
        return self._client.request("GET", path, query={"file_key": key}).content
