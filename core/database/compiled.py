"""Queries and conditions of SQLAlchemy as text, so that a rule is written once and serves the ORM and SQL text alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy has not typed it


@dataclass(frozen=True)
class CompiledQuery:
    """A query as the driver takes it. Compiling it, and finding one that is compiled, take longer than PostgreSQL needs to
    answer it, so code that runs it often keeps it.
    """

    statement: str
    parameters: dict[str, Any]

    @classmethod
    def of(cls, query: Select[Any]) -> CompiledQuery:
        """Compiles the query; its values stay parameters unless they are literals in it."""
        compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        return cls(str(compiled), dict(compiled.params))


def compile_fragment(fragment: ClauseElement) -> str:
    """Returns a condition or a subquery as text, its values as literals, to stand in a larger statement."""
    return str(fragment.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))
