"""Files by key: handed from clients to jobs and back, through the real wmill."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

pytestmark = pytest.mark.differs("files (`engine.files`, `wmill.write_s3_file`)")
UPLOAD = "/w/demo/job_helpers/upload_s3_file"
DOWNLOAD = "/w/demo/job_helpers/download_s3_file"
DELETE = "/w/demo/job_helpers/delete_s3_file"
SCRIPT = """
import io
import httpx
import pandas
import wmill

def main(frame: dict):
    read = pandas.read_parquet(io.BytesIO(wmill.load_s3_file(wmill.S3Object(frame))))
    with wmill.load_s3_file_reader(frame) as reader:
        size = len(reader.read())
    written = wmill.write_s3_file(wmill.S3Object(s3="u/admin/out.txt"), b"hello")
    signed = wmill.sign_s3_objects([written])[0]
    linked = httpx.get(wmill.get_presigned_s3_public_url(signed)).text
    return {"total": int(read["n"].sum()), "size": size, "key": written["s3"], "linked": linked}
"""


def test_a_frame_travels_to_a_job_and_back_through_wmill(http: httpx.Client) -> None:
    """The real client's S3 helpers work with the job's own token."""
    import io

    import pandas

    buffer = io.BytesIO()
    pandas.DataFrame({"n": range(1_000)}).to_parquet(buffer)
    data = buffer.getvalue()
    key = http.post(UPLOAD, params={"file_extension": "parquet"}, content=data).json()["file_key"]
    body = {"language": "python3", "content": SCRIPT, "args": {"frame": {"s3": key}}}
    answer = http.post("/w/demo/jobs/run_wait_result/preview", json=body)
    assert answer.json() == {"total": 499_500, "size": len(data), "key": "u/admin/out.txt", "linked": "hello"}


def test_a_content_is_replaced_read_described_and_deleted(http: httpx.Client) -> None:
    """The life of one key."""
    key = f"u/admin/{uuid4().hex}.bin"
    for data in (b"one", b"second"):
        assert http.post(UPLOAD, params={"file_key": key, "content_type": "text/csv"}, content=data).json() == {
            "file_key": key
        }
    answer = http.get(DOWNLOAD, params={"file_key": key})
    assert (answer.content, answer.headers["content-type"].split(";")[0]) == (b"second", "text/csv")
    facts = http.get("/w/demo/job_helpers/load_file_metadata", params={"file_key": key}).json()
    assert (facts["size_in_bytes"], facts["mime_type"]) == (6, "text/csv")
    listed = http.get("/w/demo/job_helpers/list_stored_files", params={"max_keys": 10, "prefix": key}).json()
    assert listed["windmill_large_files"] == [{"s3": key}]
    assert http.delete(DELETE, params={"file_key": key}).status_code == 200
    assert http.get(DOWNLOAD, params={"file_key": key}).status_code == 404
    assert http.delete(DELETE, params={"file_key": key}).status_code == 404


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/", "a\nb", "x" * 2_000])
def test_keys_that_lead_astray_are_refused(http: httpx.Client, key: str) -> None:
    """No key leaves the files' own place."""
    assert http.post(UPLOAD, params={"file_key": key}, content=b"x").status_code == 400


def test_a_signed_link_works_for_its_file_alone(http: httpx.Client, server: Any) -> None:
    """Without a token, only with the signature."""
    http.post(UPLOAD, params={"file_key": "u/admin/shared"}, content=b"shared")
    signed = http.post("/w/demo/apps/sign_s3_objects", json={"s3_objects": [{"s3": "u/admin/shared"}]}).json()[0]
    base = f"{server.url}/api/w/demo/s3_proxy/_default_"
    assert httpx.get(f"{base}/u/admin/shared?{signed['presigned']}").content == b"shared"
    assert httpx.get(f"{base}/u/admin/private?{signed['presigned']}").status_code == 403
    assert httpx.get(f"{base}/u/admin/shared").status_code == 403
    assert httpx.get(f"{server.url}/api{DOWNLOAD}", params={"file_key": "u/admin/shared"}).status_code == 401


def test_a_form_with_a_file_is_a_runs_arguments(http: httpx.Client) -> None:
    """Texts as they are; the file is kept, and the run gets its key."""
    body = {"path": "f/files/form", "summary": "", "content": "def main(a, b): return [a, b]", "language": "python3"}
    http.post("/w/demo/scripts/create", json=body)
    form = {"data": {"a": "text"}, "files": {"b": ("data.csv", b"x,y\n", "text/csv")}}
    text, file = http.post("/w/demo/jobs/run_wait_result/p/f/files/form", **form).raise_for_status().json()
    assert (text, file["filename"], file["s3"][-4:]) == ("text", "data.csv", ".csv")
    answer = http.get("/w/demo/job_helpers/download_s3_file", params={"file_key": file["s3"]})
    assert (answer.content, answer.headers["content-type"].split(";")[0]) == (b"x,y\n", "text/csv")
    broken = http.post("/w/demo/jobs/run/p/f/files/form", content=b"x", headers={"content-type": "multipart/form-data"})
    assert (broken.status_code, "boundary" in broken.text) == (400, True)
