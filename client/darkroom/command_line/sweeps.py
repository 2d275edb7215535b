"""`darkroom sweep`: many pictures on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from darkroom import Darkroom
from darkroom.command_line.exits import ExitStatus
from darkroom.command_line.options import Json, Timeout, parse_value, split_pair, takes_request
from darkroom.command_line.preview import can_preview, draw_picture
from darkroom.command_line.printing import print_json, print_note, progress_console, result_console
from darkroom.command_line.prompts_in import read_prompts
from darkroom.command_line.saving import PicturePaths
from darkroom.errors import WaitTimedOut
from darkroom.views.sweeps import Sweep


@takes_request
def sweep(
    prompts: Annotated[list[str] | None, typer.Argument(help="Prompts. Left out: the lines of a pipe.")] = None,
    *,
    styles: Annotated[
        list[str] | None, typer.Option("--styles", help="Styles to try, with commas between them.")
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(help="Seeds with commas between them, or with x before it a number of random ones (x4)."),
    ] = None,
    axis: Annotated[
        list[str] | None, typer.Option("--axis", "-a", help="Values of a parameter, as NAME=VALUE,VALUE.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The contact sheet: every picture at its labels.")
    ] = Path("sweep.png"),
    pictures: Annotated[Path | None, typer.Option("--pictures", help="A folder for the pictures themselves.")] = None,
    name: Annotated[str | None, typer.Option(help="The title of the sheet.")] = None,
    timeout: Timeout = None,
    json: Json = False,
    request: dict[str, Any],
) -> None:
    """Draw every combination of prompts, styles, seeds and parameters, and save the sheet that shows all of them.

    Ctrl+C cancels what is not drawn yet.
    """
    with Darkroom() as darkroom:
        made = darkroom.sweeps.create(
            prompts=read_prompts(prompts),
            styles=[each for text in styles or [] for each in text.split(",")] or None,
            seeds=_parse_seeds(seeds),
            parameters=dict(_parse_axis(text) for text in axis or []) or None,
            base=request or None,
            name=name,
        )
        ended = _wait(darkroom, made, timeout, is_quiet=json)
        sheet = darkroom.sweeps.contact_sheet(ended)
        files = [] if sheet is None else [sheet.save(output)]
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            paths = PicturePaths(pictures)
            for job in darkroom.sweeps.jobs(ended, status="succeeded"):
                files += paths.save(darkroom.pictures(job))
        if json:
            print_json({"sweep": ended, "files": [str(file) for file in files]})
        else:
            if sheet is not None and can_preview(result_console()):
                result_console().print(draw_picture(sheet.data, result_console().width))
            print(*files, sep="\n", end="\n" if files else "")
    counts = ended.counts
    if counts.get("failed") or counts.get("cancelled"):
        print_note(f"{counts.get('failed', 0)} failed, {counts.get('cancelled', 0)} were cancelled")
        raise typer.Exit(ExitStatus.JOB_FAILED if counts.get("failed") else ExitStatus.JOB_CANCELLED)


def _wait(darkroom: Darkroom, sweep: Sweep, timeout: float | None, *, is_quiet: bool) -> Sweep:
    console = progress_console()
    try:
        if is_quiet or not console.is_terminal or timeout is not None:
            return darkroom.sweeps.wait(sweep, timeout=timeout)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"{sweep.cells} pictures", total=sweep.cells)
            for event in darkroom.sweeps.stream(sweep):
                ended = sum(event.counts.get(status, 0) for status in ("succeeded", "failed", "cancelled"))
                progress.update(task, completed=ended)
        return darkroom.sweeps.wait(sweep)
    except KeyboardInterrupt:
        darkroom.sweeps.cancel(sweep)
        print_note(f"cancelled {sweep.id}")
        raise
    except WaitTimedOut:
        print_note(f"{sweep.id} goes on")
        raise


def _parse_seeds(text: str | None) -> list[int] | int | None:
    if text is None:
        return None
    try:
        return int(text[1:]) if text.startswith("x") else [int(each) for each in text.split(",")]
    except ValueError:
        raise typer.BadParameter("--seeds is 1,2,3 or x4") from None


def _parse_axis(text: str) -> tuple[str, list[Any]]:
    name, values = split_pair(text, "--axis")
    # A list of JSON, where a value has a comma in it.
    if values.startswith("["):
        listed = parse_value(values)
        if isinstance(listed, list):
            return name, listed
    return name, [parse_value(value) for value in values.split(",")]
