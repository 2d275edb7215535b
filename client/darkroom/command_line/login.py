"""`darkroom login`: keep address and key."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from darkroom import Darkroom
from darkroom.command_line.options import Json
from darkroom.command_line.printing import print_json
from darkroom.connection import find_connection, forget_login, write_login


def login(
    url: Annotated[str | None, typer.Argument(help="The address of the service.", envvar="DARKROOM_URL")] = None,
    *,
    api_key: Annotated[
        str | None, typer.Option(help="The key; better piped in or typed when asked.", envvar="DARKROOM_API_KEY")
    ] = None,
    json: Json = False,
) -> None:
    """Try an address and a key, and keep them for later calls. The key is asked for, or read from a pipe."""
    if not url:
        url = typer.prompt("Address", err=True)
    if not api_key:
        api_key = (
            typer.prompt("API key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
        )
    connection = find_connection(url, api_key)
    with Darkroom(connection.url, connection.api_key, retry_seconds=5) as darkroom:
        darkroom.queue.get()
    path = write_login(connection)
    if json:
        print_json({"url": connection.url, "file": str(path)})
    else:
        print(f"{connection.url} and its key are kept in {path}")


def logout(*, json: Json = False) -> None:
    """Forget what `login` has kept."""
    forgotten = forget_login()
    if json:
        print_json({"forgotten": forgotten})
    else:
        print("forgotten" if forgotten else "nothing was kept")
