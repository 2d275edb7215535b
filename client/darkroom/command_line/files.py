"""`darkroom files`: pictures that are sent once and named in many requests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from darkroom import Darkroom
from darkroom.command_line.options import Json, Limit
from darkroom.command_line.printing import print_json, print_table

app = typer.Typer(help="Pictures that are sent once and named in many requests.", no_args_is_help=True)


@app.command("list")
def list_files(*, limit: Limit = 20, json: Json = False) -> None:
    """List your files, the newest first."""
    with Darkroom() as darkroom:
        files = list(darkroom.files.list(limit=limit))
    if json:
        for file in files:
            print_json(file)
        return
    print_table(
        ("id", "size", "bytes", "created"),
        (
            (file.id, f"{file.width}x{file.height}", file.byte_size, f"{file.created_at:%Y-%m-%d %H:%M}")
            for file in files
        ),
        empty="no files",
    )


@app.command()
def send(paths: Annotated[list[Path], typer.Argument(help="Pictures.")], *, json: Json = False) -> None:
    """Send pictures, unless the service has them, and print their ids."""
    with Darkroom() as darkroom:
        for path in paths:
            file = darkroom.files.send(path)
            if json:
                print_json(file)
            else:
                print(f"{file.id}\t{path}")


@app.command()
def get(
    file: Annotated[str, typer.Argument(help="The id of a file.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="A file or a folder.")] = Path(),
    json: Json = False,
) -> None:
    """Save a file's picture."""
    with Darkroom() as darkroom:
        path = darkroom.files.download(file).save(output)
    if json:
        print_json({"file": str(path)})
    else:
        print(path)


@app.command()
def delete(files: Annotated[list[str], typer.Argument(help="Ids of files.")], *, json: Json = False) -> None:
    """Delete files. Prints the receipts."""
    with Darkroom() as darkroom:
        for file in files:
            receipt = darkroom.files.delete(file)
            if json:
                print_json(receipt)
            else:
                print(f"{receipt.id}\t{receipt.status}")
