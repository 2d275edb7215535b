"""A tape: every statement that a release sends to its database in the whole life of jobs, to be sent again without it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Binary, Connection
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Engine, event

#: What is kept instead of a statement where a transaction ends.
_COMMIT, _ROLLBACK = "COMMIT", "ROLLBACK"


@dataclass
class Statement:
    """One statement as the driver was given it, and how many rows it found or changed."""

    sql: str
    parameters: dict[str, Any] = field(default_factory=dict)
    row_count: int = 0

    @property
    def is_end(self) -> bool:
        return self.sql in {_COMMIT, _ROLLBACK}


@dataclass
class Tape:
    """Statements in parts, which are named by what happened, in order."""

    #: The newest migration that the release knows.
    revision: str
    recorded_at: datetime
    #: Ids by what they are of.
    names: dict[str, UUID] = field(default_factory=dict)
    parts: dict[str, list[Statement]] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str, engine: Engine) -> Iterator[None]:
        """Record all that goes to the engine from here."""
        statements = self.parts.setdefault(name, [])

        def note(_connection: Any, cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
            statements.append(Statement(sql, dict(parameters), cursor.rowcount))

        events: dict[str, Callable[..., None]] = {
            "after_cursor_execute": note,
            "commit": lambda _: statements.append(Statement(_COMMIT)),
            "rollback": lambda _: statements.append(Statement(_ROLLBACK)),
        }
        for moment, listener in events.items():
            event.listen(engine, moment, listener)
        try:
            yield
        finally:
            for moment, listener in events.items():
                event.remove(engine, moment, listener)

    def play(self, connection: Connection[Any], *names: str, instead: Mapping[UUID, UUID] | None = None) -> None:
        """Send the parts again: each statement must find or change as many rows as it did then.

        `instead`: ids that stand for those of the tape. Times move so that the tape was recorded just now.
        """
        since = datetime.now(UTC) - self.recorded_at
        for name in names:
            for statement in self.parts[name]:
                if statement.is_end:
                    connection.execute(statement.sql.encode())
                    continue
                parameters = _replace(statement.parameters, since, instead or {})
                found = connection.execute(statement.sql.encode(), parameters).rowcount
                assert found == statement.row_count, (name, statement.sql, found, statement.row_count)
            connection.rollback()

    def save(self, path: Path) -> None:
        """As JSON, a statement on each line, and each text once."""
        texts = sorted({statement.sql for statements in self.parts.values() for statement in statements})
        numbers = {sql: number for number, sql in enumerate(texts)}
        parts = {
            name: _lines([numbers[one.sql], one.row_count, _encode(one.parameters)] for one in statements)
            for name, statements in self.parts.items()
        }
        saved = {
            "revision": json.dumps(self.revision),
            "recorded_at": json.dumps(self.recorded_at.isoformat()),
            "names": json.dumps({name: str(id_) for name, id_ in self.names.items()}),
            "statements": _lines(texts),
            "parts": "{\n" + ",\n".join(f"{json.dumps(name)}: {lines}" for name, lines in parts.items()) + "\n}",
        }
        path.write_text("{\n" + ",\n".join(f'"{name}": {document}' for name, document in saved.items()) + "\n}\n")

    @classmethod
    def load(cls, path: Path) -> Tape:
        """What `save` wrote."""
        saved = json.loads(path.read_text())
        return cls(
            saved["revision"],
            datetime.fromisoformat(saved["recorded_at"]),
            {name: UUID(id_) for name, id_ in saved["names"].items()},
            {
                name: [
                    Statement(saved["statements"][number], _decode(parameters), row_count)
                    for number, row_count, parameters in statements
                ]
                for name, statements in saved["parts"].items()
            },
        )


def _lines(documents: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(document) for document in documents) + "\n]"


def _encode(value: Any) -> Any:
    match value:
        case dict():
            return {name: _encode(item) for name, item in value.items()}
        case list() | tuple():
            return [_encode(item) for item in value]
        case UUID():
            return {"uuid": str(value)}
        case datetime():
            return {"time": value.isoformat()}
        case timedelta():
            return {"seconds": value.total_seconds()}
        case Binary():
            return {"bytes": value.obj.hex()}
        case bytes():
            return {"bytes": value.hex()}
        case Jsonb():
            return {"jsonb": value.obj}
        case Json():
            return {"json": value.obj}
        case _:
            return value


def _decode(value: Any) -> Any:
    match value:
        case {"uuid": text, **rest} if not rest:
            return UUID(text)
        case {"time": text, **rest} if not rest:
            return datetime.fromisoformat(text)
        case {"seconds": seconds, **rest} if not rest:
            return timedelta(seconds=seconds)
        case {"bytes": text, **rest} if not rest:
            return bytes.fromhex(text)
        case {"jsonb": document, **rest} if not rest:
            return Jsonb(document)
        case {"json": document, **rest} if not rest:
            return Json(document)
        case dict():
            return {name: _decode(item) for name, item in value.items()}
        case list():
            return [_decode(item) for item in value]
        case _:
            return value


def _replace(value: Any, since: Any, instead: Mapping[UUID, UUID]) -> Any:
    match value:
        case dict():
            return {name: _replace(item, since, instead) for name, item in value.items()}
        case list():
            return [_replace(item, since, instead) for item in value]
        case UUID():
            return instead.get(value, value)
        case datetime():
            return value + since
        case _:
            return value
