"""Images that a job has made: as they lie in the bucket, and the SQL that writes their rows."""

from __future__ import annotations

from dataclasses import dataclass, fields

_SQL_TYPES = {"int": "bigint", "str": "text"}


@dataclass(frozen=True)
class StoredImage:
    """An image that lies in the bucket already. Sizes in pixels and bytes. The names are the columns' of `artifacts`."""

    position: int
    storage_key: str
    media_type: str
    byte_size: int
    sha256: str
    width: int
    height: int
    seed: int


def build_outputs_cte(source: str) -> str:
    """Builds the CTE that writes a row for each output of each job in the CTE `source`. That has account_id, job_id,
    attempt_id, and images: a JSON array of `StoredImage`s, each with an id.
    """
    columns = {field.name: _SQL_TYPES[str(field.type)] for field in fields(StoredImage)}
    names = ", ".join(columns)
    record = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    return f"""outputs AS (
    INSERT INTO artifacts (id, account_id, job_id, attempt_id, kind, {names})
    SELECT image.id, account_id, job_id, attempt_id, 'output', {names}
    FROM {source}, jsonb_to_recordset({source}.images) AS image (id uuid, {record})
)"""  # noqa: S608  (names of ours)
