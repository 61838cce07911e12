"""The languages that Windmill knows, whether they run here or not."""

from __future__ import annotations

from typing import Literal, TypeAlias

Language: TypeAlias = Literal[
    "nativets",
    "deno",
    "python3",
    "go",
    "bash",
    "powershell",
    "postgresql",
    "bun",
    "bunnative",
    "mysql",
    "bigquery",
    "snowflake",
    "graphql",
    "mssql",
    "oracledb",
    "duckdb",
    "php",
    "rust",
    "ansible",
    "csharp",
    "nu",
    "java",
    "ruby",
    "rlang",
]

# those whose scripts Windmill stores with a lock; of the others it keeps none
LOCKED = frozenset(
    {
        "python3", "go", "bun", "bunnative", "deno", "rust", "ansible", "csharp", "nu", "php", "java", "ruby", "rlang",
        "powershell",
    }
)  # fmt: skip


def default_tag(language: str | None) -> str:
    """The tag of a job in this language that names none."""
    return "nativets" if language == "bunnative" else language or "deno"
