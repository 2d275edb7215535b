"""Jobs made from others."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from darkroom import Darkroom
from darkroom.command_line.exits import ExitStatus, find_job_status
from darkroom.command_line.follow_jobs import follow_jobs
from darkroom.command_line.options import JobId, Json, Output, Timeout, takes_request
from darkroom.command_line.printing import print_json, print_note
from darkroom.command_line.render import save_when_ended
from darkroom.command_line.saving import PicturePaths
from darkroom.views.jobs import Job


def retry(job: JobId, *, output: Output = None, timeout: Timeout = None, json: Json = False) -> None:
    """Send a failed or cancelled job once more, and save its pictures."""
    with Darkroom() as darkroom:
        again = darkroom.retry(job)
        save_when_ended(darkroom, [again], PicturePaths(output), timeout=timeout, preview=True, json=json)


@takes_request
def vary(
    job: JobId,
    prompt: Annotated[str | None, typer.Argument(help="Another prompt.")] = None,
    *,
    output: Output = None,
    timeout: Timeout = None,
    json: Json = False,
    request: dict[str, Any],
) -> None:
    """Draw a job again with another seed, and with what the options change; save its pictures."""
    with Darkroom() as darkroom:
        varied = darkroom.vary(job, prompt, **request)
        save_when_ended(darkroom, [varied], PicturePaths(output), timeout=timeout, preview=True, json=json)


def replay(job: JobId, *, output: Output = None, timeout: Timeout = None, json: Json = False) -> None:
    """Draw a job again exactly, and say what is different. Exits with 1 if a picture is not equal to the bit."""
    with Darkroom() as darkroom:
        paths = None if output is None else PicturePaths(output)
        [ended] = follow_jobs(
            darkroom, [darkroom.replay(job)], timeout=timeout, is_quiet=json, with_preview=True, on_end=lambda _: None
        )
        files = paths.save(darkroom.pictures(ended)) if paths and ended.status == "succeeded" else []
    if json:
        print_json({"job": ended, "files": [str(file) for file in files]})
    else:
        _say(ended)
        for file in files:
            print(file)
    status = find_job_status([ended])
    comparison = ended.replay.comparison if ended.replay else None
    if status == ExitStatus.DONE and not (comparison and comparison.equal):
        status = ExitStatus.ERROR
    raise typer.Exit(status)


def _say(job: Job) -> None:
    print(f"{job.id}\t{job.status}")
    if job.replay is None:
        return
    for difference in job.replay.differences:
        print_note(f"{difference.what}: {difference.then} then, {difference.now} now")
    for image in job.replay.comparison.images if job.replay.comparison else []:
        if image.equal:
            print_note(f"picture {image.position + 1}: equal")
        elif image.psnr_db is not None:
            print_note(f"picture {image.position + 1}: {image.psnr_db:.1f} dB away (40 or more is hard to see)")
        else:
            print_note(f"picture {image.position + 1}: cannot be compared")
