"""Files: data too large for arguments and results, kept by the engine under keys."""

from __future__ import annotations

from flexwm_nb.client.client import Client
from flexwm_nb.client.identifiers import new_id

UPLOADS = "windmill_uploads/upload_"  # where Windmill puts what has no name
BINARY = {"Content-Type": "application/octet-stream"}


class FileService:
    """The files of one workspace. A key travels in arguments as `{"s3": key}`."""

    def __init__(self, client: Client) -> None:
        """Work through this client."""
        self._client = client

    def upload(self, data: bytes, key: str | None = None) -> str:
        """Keep data and give its key; without one of yours a new one is chosen."""
        answer = self._client.request(
            "POST",
            f"{self._client.workspace}/job_helpers/upload_s3_file",
            query={"file_key": key or f"{UPLOADS}{new_id()}"},  # chosen here, so that the request may be repeated
            content=data,
            headers=BINARY,
            repeat=True,
        )
        return str(answer.json()["file_key"])

    def download(self, key: str) -> bytes:
        """The data under a key. Raises NotFound."""
        path = f"{self._client.workspace}/job_helpers/download_s3_file"
        return self._client.request("GET", path, query={"file_key": key}).content

    def delete(self, key: str) -> None:
        """Remove what is under a key. Raises NotFound."""
        path = f"{self._client.workspace}/job_helpers/delete_s3_file"
        self._client.delete(path, file_key=key)
