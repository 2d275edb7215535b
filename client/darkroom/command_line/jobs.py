"""Commands of single jobs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from darkroom import Darkroom
from darkroom.command_line.exits import find_job_status
from darkroom.command_line.follow_jobs import follow_jobs
from darkroom.command_line.options import JobId, JobIds, Json, Output, Timeout, takes_request
from darkroom.command_line.printing import print_fields, print_json
from darkroom.command_line.prompts_in import read_prompts
from darkroom.command_line.render import save_when_ended
from darkroom.command_line.saving import PicturePaths
from darkroom.views.jobs import Job


@takes_request
def submit(
    prompts: Annotated[list[str] | None, typer.Argument(help="Prompts. Left out: the lines of a pipe.")] = None,
    *,
    id: Annotated[str | None, typer.Option(help="An id of yours: sent twice, it is one job.")] = None,  # noqa: A002 (the service's name)
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what the job would be, and cost.")] = False,
    json: Json = False,
    request: dict[str, Any],
) -> None:
    """Queue a job for each prompt, and print its id."""
    given = read_prompts(prompts)
    if id is not None and len(given) > 1:
        raise typer.BadParameter("--id is of one job: give one prompt")
    with Darkroom() as darkroom:
        for prompt in given:
            if dry_run:
                tried = darkroom.dry_run(prompt, **request)
                if json:
                    print_json(tried)
                else:
                    print_fields(
                        {**tried.request, "cost": f"{tried.cost:g} megapixel-steps", "queue": tried.queue.message}
                    )
                continue
            job = darkroom.submit(prompt, id=id, **request)
            if json:
                print_json(job)
            else:
                print(job.id)


def wait(jobs: JobIds, *, output: Output = None, timeout: Timeout = None, json: Json = False) -> None:
    """Wait for jobs, and with -o save their pictures. Ctrl+C cancels them."""
    with Darkroom() as darkroom:
        found = [darkroom.jobs.get(job) for job in jobs]
        if output is not None:
            save_when_ended(darkroom, found, PicturePaths(output), timeout=timeout, preview=True, json=json)

        def say(job: Job) -> None:
            if json:
                print_json(job)
            else:
                print(f"{job.id}\t{job.status}")

        ended = follow_jobs(darkroom, found, timeout=timeout, is_quiet=json, with_preview=True, on_end=say)
    raise typer.Exit(find_job_status(ended))


def show(job: JobId, *, json: Json = False) -> None:
    """Show a job."""
    with Darkroom() as darkroom:
        found = darkroom.jobs.get(job)
    if json:
        print_json(found)
        return
    fields: dict[str, Any] = {
        "id": found.id,
        "status": found.status,
        "model": found.model,
        "task": found.task,
        **found.request,
        "step": f"{found.progress.step} of {found.progress.steps}" if found.status == "running" else None,
        "queue": found.queue.message,
        "failure": f"{found.failure.message} ({found.failure.code})" if found.failure else None,
        "warnings": "; ".join(found.warnings),
        "labels": ", ".join(f"{name}={value}" for name, value in found.metadata.items()),
        "created": f"{found.created_at:%Y-%m-%d %H:%M:%S %Z}",
        "render": f"{found.timings.render_ms / 1000:.1f} s" if found.timings else None,
    }
    for position, output in enumerate(found.outputs, 1):
        fields[f"picture {position}"] = f"seed {output.seed} {output.url or '(not there any more)'}"
    print_fields(fields)


def cancel(
    jobs: Annotated[list[str] | None, typer.Argument(help="Ids of jobs.")] = None,
    *,
    all: Annotated[bool, typer.Option("--all", help="All jobs of yours that have not ended.")] = False,  # noqa: A002 (the service's name)
    json: Json = False,
) -> None:
    """Cancel jobs: those that wait at once, those that run at their next step."""
    if bool(jobs) == all:
        raise typer.BadParameter("name the jobs, or give --all")
    with Darkroom() as darkroom:
        if all:
            many = darkroom.jobs.cancel_many(all=True)
            while True:
                if json:
                    print_json(many)
                else:
                    print(
                        "\n".join([*many.cancelled, *many.stopping]),
                        end="\n" if many.cancelled or many.stopping else "",
                    )
                if not many.has_more:
                    return
                many = darkroom.jobs.cancel_many(all=True)
        for job in jobs or []:
            cancelled = darkroom.cancel(job)
            if json:
                print_json(cancelled)
            else:
                print(f"{cancelled.id}\t{cancelled.status}")


def delete(jobs: JobIds, *, json: Json = False) -> None:
    """Delete jobs that have ended, with their pictures. Prints the receipts."""
    with Darkroom() as darkroom:
        for job in jobs:
            receipt = darkroom.jobs.delete(job)
            if json:
                print_json(receipt)
            else:
                print(f"{receipt.id}\t{receipt.status}")
