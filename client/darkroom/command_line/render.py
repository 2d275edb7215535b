"""`darkroom render`: prompts in, pictures out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from darkroom import Darkroom
from darkroom.command_line.exits import find_job_status
from darkroom.command_line.follow_jobs import cancelling, follow_jobs
from darkroom.command_line.options import Json, Output, Timeout, takes_request
from darkroom.command_line.preview import can_preview, draw_picture
from darkroom.command_line.printing import print_json, print_note, result_console
from darkroom.command_line.prompts_in import read_prompts
from darkroom.command_line.saving import PicturePaths
from darkroom.views.jobs import Job


@takes_request
def render(
    prompts: Annotated[list[str] | None, typer.Argument(help="Prompts. Left out: the lines of a pipe.")] = None,
    *,
    output: Output = None,
    timeout: Timeout = None,
    preview: Annotated[bool, typer.Option(help="Show pictures in the terminal, where it can (needs Pillow).")] = True,
    json: Json = False,
    request: dict[str, Any],
) -> None:
    """Draw a picture for each prompt, and save it. Prints the names of the files.

    Ctrl+C cancels what is not drawn yet.
    """
    with Darkroom() as darkroom:
        jobs: list[Job] = []
        with cancelling(darkroom, jobs, []):
            jobs.extend(darkroom.submit(prompt, **request) for prompt in read_prompts(prompts))
        save_when_ended(darkroom, jobs, PicturePaths(output), timeout=timeout, preview=preview, json=json)


def save_when_ended(
    darkroom: Darkroom, jobs: list[Job], paths: PicturePaths, *, timeout: float | None, preview: bool, json: bool
) -> None:
    """Wait for the jobs and save their pictures, each as soon as it is there. Ends the program if one has not succeeded."""

    def save(job: Job) -> None:
        files: list[str] = []
        if job.status == "succeeded":
            pictures = darkroom.pictures(job)
            files = [str(path) for path in paths.save(pictures)]
            if preview and not json and can_preview(result_console()):
                for picture in pictures:
                    result_console().print(draw_picture(picture.data, result_console().width))
        _say(job, files, json=json)

    ended = follow_jobs(darkroom, jobs, timeout=timeout, is_quiet=json, with_preview=preview, on_end=save)
    raise typer.Exit(find_job_status(ended))


def _say(job: Job, files: list[str], *, json: bool) -> None:
    if json:
        print_json({"job": job, "files": files})
        return
    for warning in job.warnings:
        print_note(f"warning: {warning}")
    for file in files:
        print(file)
    if job.failure is not None:
        print_note(f"{job.id} failed: {job.failure.message} ({job.failure.code})")
    elif job.status == "cancelled":
        print_note(f"{job.id} was cancelled")
    elif not files:
        print_note(f"{job.id} has no picture: a content filter withheld it, or it is deleted")
