"""Paths of scripts, variables and resources within a URL."""

from __future__ import annotations

from urllib.parse import quote


def quoted(path: str) -> str:
    """A path as it stands in a URL: slashes stay, what would end the URL's path does not."""
    return quote(path.strip("/"), safe="/")
