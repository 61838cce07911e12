"""A real JupyterLab in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

TOKEN = "lab"
EXTENSION = Path(__file__).parents[2] / "flexwm_nb" / "labextension"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCREENSHOTS = Path(__file__).parent / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# every cell stays in the page, wherever it is scrolled to, and no news are asked for
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false"}',
}
SEEN_AT = {"width": 1280, "height": 1600}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium or Chrome, else the one that playwright installed.

    Closed with the module: as long as it is open, playwright's event loop runs in this thread.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebooks of that JupyterLab are."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def lab(lab_folder: Path) -> Iterator[str]:
    """The address of a JupyterLab with copies of the notebooks and an engine of its own."""
    folder = lab_folder
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        shutil.copy(notebook, folder)
    environment = {
        **os.environ,
        "FLEXWM_STORE": str(folder / "store"),
        "FLEXWM_STATE": str(folder / "state"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
    }
    (folder / "run").mkdir(mode=0o700)
    for name, setting in SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(setting)
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", "--port=0"]
    options.append("--LabApp.expose_app_in_browser=True")
    options.append("--ServerApp.jpserver_extensions={'flexwm_nb.labserver': True}")
    (folder / "extensions").mkdir()
    (folder / "extensions" / "flexwm-nb").symlink_to(EXTENSION)
    options.append(f"--LabApp.extra_labextensions_path={folder / 'extensions'}")
    (folder / "runtime").mkdir()
    with (folder / "lab.log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options, "--ServerApp.root_dir", str(folder)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield _address(folder / "runtime", process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stop = [sys.executable, "-m", "flexwm_nb", "stop"]
        subprocess.run(stop, env=environment, stdout=subprocess.DEVNULL, check=False)


def _address(runtime: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the server listens, once it answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                url = str(json.loads(file.read_text())["url"])
                urllib.request.urlopen(f"{url}api", timeout=5).close()
            except (OSError, ValueError):  # the file is still being written, or nobody listens yet
                break
            return url
        time.sleep(0.1)
    raise AssertionError("JupyterLab did not start")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty tab."""
    context = browser.new_context(viewport=SEEN_AT)  # type: ignore[arg-type]
    opened = context.new_page()
    yield opened
    context.close()
