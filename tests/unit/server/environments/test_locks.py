"""Locks: which packages they pin, and how; what they ask for; pure."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from packaging.requirements import Requirement

from flexwm_nb.server.environments import locks, plans
from flexwm_nb.server.environments.installed import Installed
from flexwm_nb.server.environments.plans import Plan
from flexwm_nb.services.locks import changes
from flexwm_nb.signatures.python3_requirements import needs_of

HERE = Installed(
    interpreter=sys.executable,
    version=(3, 12, 4),
    path=(),
    stamp=(),
    modules=frozenset({"one", "two"}),
    versions={"one": "1.0", "two": "2.1+cu118"},
)


def package(version: str = "1", *requires: str, origin: Any = None) -> dict[str, Any]:
    """A package as an inventory tells of it."""
    return {"version": version, "requires": list(requires), "origin": origin}


def test_a_package_is_pinned_with_all_that_it_needs() -> None:
    """On this Python, with the extras that are asked for, and nothing that is not installed."""
    packages = {
        "root": package("1", "Sub_Package>=1", "old; python_version < '3'", "extra; extra == 'more'", "absent"),
        "sub-package": package("2", "root"),
        "old": package(),
        "extra": package("3"),
        "other": package(),
    }
    assert set(locks.closure([Requirement("root")], packages, HERE).lines) == {"root==1", "sub-package==2"}
    more = locks.closure([Requirement("root[more]")], packages, HERE)
    assert set(more.lines) == {"root==1", "sub-package==2", "extra==3"}


ORIGINS = [
    pytest.param("2.1+cu118", None, "x==2.1", id="an index, less what the builder added"),
    pytest.param(
        "1",
        {"url": "https://example.org/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
        "x @ git+https://example.org/x@abc",
        id="a repository, at its commit",
    ),
    pytest.param("1", {"url": "https://example.org/x.whl"}, "x @ https://example.org/x.whl", id="an address"),
    pytest.param("1", {"url": "file:///no/such/place", "dir_info": {}}, "x==1", id="built by somebody else"),
    pytest.param("1", {"url": "file:///", "dir_info": {"editable": True}}, None, id="a folder of this machine"),
]


@pytest.mark.parametrize(("version", "origin", "line"), ORIGINS)
def test_a_package_is_pinned_as_others_can_install_it(version: str, origin: Any, line: str | None) -> None:
    """By where it came from."""
    assert locks.pin("x", package(version, origin=origin)) == line


def test_what_nobody_else_can_install_is_a_remark() -> None:
    """Which Windmill passes over."""
    pins = locks.closure([Requirement("x")], {"x": package(origin={"url": "file:///", "dir_info": {}})}, HERE)
    text = locks.render("3.12", pins.lines, pins.local)
    assert text == "# py: 3.12\n# x 1 is installed from a folder of this machine: not pinned"
    assert plans.read_lock(text).lines == ()


LOCKS = [
    pytest.param("", True, Plan(), id="empty"),
    pytest.param("# py: 3.12\none==1.0\nTwo==2.1", True, Plan(), id="what the kernel has"),
    pytest.param("one==1.0\nsix==1", True, Plan(pinned=("six==1",)), id="what the kernel lacks"),
    pytest.param("one==2; python_version < '3'", True, Plan(), id="for another Python"),
    pytest.param("one==1.0\nsix==1", False, Plan(pinned=("one==1.0", "six==1"), isolated=True), id="without a kernel"),
    pytest.param(
        "# py: 3.11\none==1.0", True, Plan(python=("==3.11.*",), pinned=("one==1.0",), isolated=True), id="Python 3.11"
    ),
    pytest.param("--index-url x\none==1.0 \\\n  --hash=sha256:0", True, Plan(), id="options and hashes"),
    pytest.param("x @ https://example.org/x.whl", True, Plan(pinned=("x @ https://example.org/x.whl",)), id="address"),
]


@pytest.mark.parametrize(("text", "is_kernel", "plan"), LOCKS)
def test_a_lock_asks_for_what_is_missing(text: str, is_kernel: bool, plan: Plan) -> None:
    """Beside a kernel's packages, or for all."""
    assert plans.for_lock(plans.read_lock(text), HERE, is_kernel=is_kernel) == plan


def test_a_source_asks_for_what_is_missing() -> None:
    """By name where it names it."""
    content = "# extra_requirements:\n# one>=1\n# two>=3\n# tre\nimport one, tre, four\n"
    assert plans.for_needs(needs_of(content), HERE).wanted == ("two>=3", "tre", "four")


OUTDATED = [
    pytest.param("one==1.0\nsix==1", False, id="the same, and others"),
    pytest.param("one==0.9", True, id="another version"),
    pytest.param("# py: 3.11\none==1.0", True, id="another Python"),
]


@pytest.mark.parametrize(("text", "outdated"), OUTDATED)
def test_a_lock_is_outdated_when_the_kernel_has_another_version(text: str, outdated: bool) -> None:
    """Not when the kernel does not have a package at all."""
    assert plans.differs(plans.read_lock(text), HERE) is outdated


def test_what_changed_between_two_locks() -> None:
    """A line a package: changed, new, gone."""
    old, new = "# py: 3.12\none==1\ntwo==2\ngone==1", "# py: 3.12\none==1\ntwo==3\nnew @ https://x/y.whl"
    assert changes(old, new) == ["two 2 → 3", "+ new https://x/y.whl", "- gone 1"]
