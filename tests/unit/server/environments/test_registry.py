"""Packages from a registry: the newest is found, pinned with the script, checked, and asked for no more."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.conftest import running_server
from tests.contract.languages import W, deployed, preview, run

SOURCE = "import { version } from 'mine'\nexport function main() { return version }"


@dataclass
class Registry:
    """A registry of one package."""

    url: str = ""
    tarballs: dict[str, bytes] = field(default_factory=dict)  # by version
    asked: list[str] = field(default_factory=list)

    def publish(self, version: str) -> None:
        """Have another version, the newest."""
        described = json.dumps({"name": "mine", "version": version, "main": "index.js"})
        files = {"package.json": described, "index.js": f"export const version = {version!r}\n"}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(f"package/{name}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        self.tarballs[version] = packed.getvalue()

    def answer(self, path: str) -> bytes | None:
        """What there is at this path."""
        self.asked.append(path)
        if path != "/mine":
            return self.tarballs.get(path.removeprefix("/mine-").removesuffix(".tgz"))
        versions: dict[str, Any] = {}
        for version, data in self.tarballs.items():
            digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
            dist = {"tarball": f"{self.url}/mine-{version}.tgz", "integrity": f"sha512-{digest}"}
            versions[version] = {"name": "mine", "version": version, "dist": dist}
        return json.dumps({"name": "mine", "versions": versions, "dist-tags": {"latest": list(versions)[-1]}}).encode()


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """A registry that answers, with one version."""
    made = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = made.answer(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    made.publish("1.0.0")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def http(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Requests to an engine whose packages come from there."""
    folder = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUN_CONFIG_REGISTRY", registry.url)
        patch.setenv("BUN_INSTALL_CACHE_DIR", str(folder / "bun"))
        with running_server(folder / "store") as server, server.http() as client:
            yield client


def lock_of(http: httpx.Client, path: str) -> str:
    """A script's lock, as soon as it has one."""
    for _ in range(500):
        found = http.get(f"{W}/scripts/get/p/{path}").json()
        assert not found.get("lock_error_logs"), found
        if found["lock"]:
            return str(found["lock"])
        time.sleep(0.02)
    raise AssertionError("there is no lock")


def test_a_deployed_script_keeps_the_versions_that_it_was_deployed_with(http: httpx.Client, registry: Registry) -> None:
    """Its lock is package.json and bun's own; a newer version changes nothing."""
    deployed(http, "f/registry/pinned", "bun", SOURCE)
    manifest, _, text = lock_of(http, "f/registry/pinned").partition("\n//bun.lock\n")
    assert json.loads(manifest) == {"dependencies": {"mine": "latest"}}
    assert '"mine@1.0.0"' in text
    registry.publish("2.0.0")
    assert http.post(f"{W}/jobs/run_wait_result/p/f/registry/pinned", json={}).json() == "1.0.0"
    before = len(registry.asked)
    assert http.post(f"{W}/jobs/run_wait_result/p/f/registry/pinned", json={}).json() == "1.0.0"
    assert len(registry.asked) == before


def test_a_package_that_was_changed_is_refused(http: httpx.Client, registry: Registry) -> None:
    """What is in the lock has a digest."""
    registry.publish("3.0.0")
    manifest = json.dumps({"dependencies": {"mine": "3.0.0"}})
    digest = base64.b64encode(hashlib.sha512(b"other").digest()).decode()
    entry = f'"mine": ["mine@3.0.0", "{registry.url}/mine-3.0.0.tgz", {{}}, "sha512-{digest}"]'
    workspace = '"": {"dependencies": {"mine": "3.0.0"}}'
    text = f'{{"lockfileVersion": 1, "workspaces": {{{workspace}}}, "packages": {{{entry}}}}}'
    success, result = run(http, preview(http, "bun", SOURCE, lock=f"{manifest}\n//bun.lock\n{text}"))
    assert (success, result["error"]["exit_code"]) == (False, 1)
    assert "ntegrity" in result["error"]["message"]


def test_a_package_that_does_not_exist_is_named(http: httpx.Client) -> None:
    """The registry's answer stands in the error."""
    success, result = run(http, preview(http, "bun", "import 'nothing-such'\nexport function main() {}"))
    assert (success, "nothing-such" in result["error"]["message"]) == (False, True)
    assert "404" in result["error"]["message"]
