"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from darkroom.errors import DarkroomError, Refused
from darkroom.views.jobs import JobFailed


def result_console() -> Console:
    """Where results go."""
    return Console(highlight=False, soft_wrap=True)


def progress_console() -> Console:
    """Where progress and notes go, so that results can be piped."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON value on one line, for programs."""
    sys.stdout.write(json.dumps(to_json(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def to_json(value: Any) -> Any:
    """A view as the service has sent it, and what holds views."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, dict):
        return {name: to_json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(each) for each in value]
    return value


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """A table; in a pipe the same values with tabs between them, without a head."""
    console = result_console()
    filled = [[("" if value is None else str(value)) for value in row] for row in rows]
    if not console.is_terminal:
        for row in filled:
            print(*row, sep="\t")
        return
    if not filled:
        progress_console().print(empty, style="dim")
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="dim")
    for row in filled:
        table.add_row(*map(escape, row))
    console.print(table)


def print_fields(fields: dict[str, Any]) -> None:
    """Names and values, one below the other, in a pipe with a tab between them; those that are empty are left out."""
    filled = {name: str(value) for name, value in fields.items() if value not in (None, "", [], {})}
    console = result_console()
    if not console.is_terminal:
        for name, value in filled.items():
            print(name, value, sep="\t")
        return
    grid = Table.grid(padding=(0, 2))
    for name, value in filled.items():
        grid.add_row(f"[dim]{escape(name)}[/dim]", escape(value))
    console.print(grid)


def print_note(text: str) -> None:
    """What is said beside the result."""
    progress_console().print(text, markup=False)


def print_error(error: DarkroomError, *, as_json: bool) -> None:
    """What went wrong: in words, or for programs as JSON in place of the result."""
    if as_json:
        print_json({"error": describe_error(error)})
    else:
        progress_console().print(f"[red]darkroom:[/red] {escape(str(error))}")


def describe_error(error: DarkroomError) -> dict[str, Any]:
    """The error for programs."""
    said: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, Refused):
        said |= {"status": error.status, "code": error.code, "request_id": error.request_id}
        said["errors"] = [asdict(field) for field in error.errors]
    if isinstance(error, JobFailed):
        said |= {"code": error.code, "fault": error.fault, "retryable": error.retryable, "job": error.job.id}
    return said
