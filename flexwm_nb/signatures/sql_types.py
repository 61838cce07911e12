"""The types that Windmill knows of each database; any other name is a text."""

from __future__ import annotations

from typing import Any

OBJECT: dict[str, Any] = {"object": {"name": None, "props": []}}
FILES = {"s3object": {"resource": "S3Object"}}


def table(**names: str) -> dict[str, Any]:
    """Type names by Windmill's type: name -> type."""
    return {name: kind for kind, some in names.items() for name in some.split()}


POSTGRESQL = table(
    int="int int2 int4 integer smallint bigint smallserial serial bigserial serial2 serial4 serial8 oid",
    float="real double float4 float8 numeric decimal",
    bool="bool boolean",
    bytes="bytea",
    datetime="date time timetz timestamp timestamptz",
)
MYSQL = table(
    int="int integer uint", float="float real dec fixed", bool="bool bit", datetime="date time datetime timestamp"
)
DUCKDB = table(
    int="tinyint int1 smallint int2 short integer int4 int signed bigint int8 long"
    " utinyint usmallint uinteger ubigint uhugeint",
    float="real float4 float double float8 decimal numeric",
    bool="bool boolean logical bit",
    bytes="blob bytea binary varbinary bitstring",
    datetime="date time datetime timestamp timestamptz",
)
BIGQUERY = table(
    int="int64 integer",
    float="float float64 numeric bignumeric",
    bool="bool boolean",
    bytes="bytes",
    datetime="date time datetime timestamp",
)
SNOWFLAKE = table(int="int", float="float", bool="boolean", bytes="binary", datetime="date time timestamp")
MSSQL = table(
    int="tinyint smallint int bigint",
    float="real float decimal numeric",
    bool="bit",
    bytes="binary varbinary image",
    datetime="date time datetime datetime2 datetimeoffset smalldatetime",
)
ORACLEDB = table(
    int="int integer long rowid urowid",
    float="number float binary_float binary_double",
    bool="bool",
    datetime="date time datetime timestamp",
)
TYPES: dict[str, dict[str, Any]] = {
    "postgresql": {**POSTGRESQL, **FILES, "json": OBJECT, "jsonb": OBJECT},
    "mysql": {**MYSQL, **FILES},
    "duckdb": {**DUCKDB, **FILES},
    "bigquery": {**BIGQUERY, **FILES, "json": OBJECT},
    "snowflake": {**SNOWFLAKE, **FILES},
    "mssql": {**MSSQL, **FILES},
    "oracledb": ORACLEDB,
}
