"""`darkroom queue`: whether your jobs start."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from darkroom import Darkroom
from darkroom.command_line.options import JobId, Json
from darkroom.command_line.printing import print_fields, print_json
from darkroom.views.queue import QueueState

app = typer.Typer(help="Your queue: how many wait, pause and resume, who goes first.", no_args_is_help=True)


@app.command()
def show(*, json: Json = False) -> None:
    """Show how many jobs of yours wait and run."""
    with Darkroom() as darkroom:
        _say(darkroom.queue.get(), json=json)


@app.command()
def pause(
    *,
    put_back: Annotated[
        bool, typer.Option("--put-back", help="Jobs that run wait again, and resume where they were.")
    ] = False,
    json: Json = False,
) -> None:
    """Let no further job of yours start."""
    with Darkroom() as darkroom:
        _say(darkroom.queue.pause(running="put_back" if put_back else "finish"), json=json)


@app.command()
def resume(*, json: Json = False) -> None:
    """Let your jobs start again, in the places that they had."""
    with Darkroom() as darkroom:
        _say(darkroom.queue.resume(), json=json)


@app.command()
def move(
    job: JobId, to: Annotated[Literal["front", "end"], typer.Argument(help="front or end")], *, json: Json = False
) -> None:
    """Move a job that waits before or behind your others."""
    with Darkroom() as darkroom:
        moved = darkroom.jobs.move(job, to)
    if json:
        print_json(moved)
    else:
        print(f"{moved.id}\t{moved.queue.position} before it")


def _say(state: QueueState, *, json: bool) -> None:
    if json:
        print_json(state)
    else:
        print_fields(
            {"queued": str(state.queued), "running": str(state.running), "paused": "yes" if state.paused else "no"}
        )
