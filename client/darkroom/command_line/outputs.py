"""`darkroom outputs`: pictures that were drawn, found again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from darkroom import Darkroom
from darkroom.command_line.exits import ExitStatus
from darkroom.command_line.options import Json, Limit
from darkroom.command_line.printing import print_json, print_table
from darkroom.views.outputs import GalleryOutput


def list_outputs(
    *,
    file: Annotated[Path | None, typer.Option(help="The one that this file is: which job made it, and how.")] = None,
    prompt: Annotated[str | None, typer.Option(help="With these words in the prompt.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Of these models.")] = None,
    style: Annotated[list[str] | None, typer.Option(help="With these styles.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Of this sweep.")] = None,
    board: Annotated[str | None, typer.Option(help="On this board.")] = None,
    favourite: Annotated[
        bool | None, typer.Option("--favourite/--no-favourite", help="Favourites, or all others.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A folder to save them in.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List pictures, the newest first, and with -o save them. Exits with 6 if a --file is none of them."""
    with Darkroom() as darkroom:
        found = list(
            darkroom.outputs.list(
                sha256=None if file is None else hashlib.sha256(file.read_bytes()).hexdigest(),
                prompt=prompt,
                model=model or None,
                style=style or None,
                sweep=sweep,
                board=board,
                favourite=favourite,
                limit=limit,
            )
        )
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
            for each in found:
                darkroom.outputs.download(each).save(output)
    if json:
        for each in found:
            print_json(each)
    else:
        columns = ("id", "job", "seed", "size", "created", "prompt")
        print_table(columns, map(_list_cells, found), empty="no pictures")
    if file is not None and not found:
        raise typer.Exit(ExitStatus.NOT_FOUND)


def _list_cells(output: GalleryOutput) -> tuple[object, ...]:
    size = f"{output.width}x{output.height}"
    return output.id, output.job_id, output.seed, size, f"{output.created_at:%Y-%m-%d %H:%M}", output.prompt
