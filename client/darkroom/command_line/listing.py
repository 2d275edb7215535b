"""`darkroom jobs`: what was asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from darkroom import Darkroom
from darkroom.command_line.options import Json, Limit, split_pair
from darkroom.command_line.printing import print_json, print_table


def list_jobs(
    *,
    status: Annotated[list[str] | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Of these models.")] = None,
    style: Annotated[list[str] | None, typer.Option(help="With these styles.")] = None,
    prompt: Annotated[str | None, typer.Option(help="With these words in the prompt.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Of this sweep.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="With this label, as NAME=VALUE.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List jobs, the newest first."""
    with Darkroom() as darkroom:
        jobs = darkroom.jobs.list(
            status=status or None,
            model=model or None,
            style=style or None,
            prompt=prompt,
            sweep=sweep,
            metadata=dict(split_pair(text, "--label") for text in label) if label else None,
            limit=limit,
        )
        if json:
            for job in jobs:
                print_json(job)
            return
        print_table(
            ("id", "status", "model", "created", "prompt"),
            (
                (job.id, job.status, job.model, f"{job.created_at:%Y-%m-%d %H:%M}", job.request.get("prompt"))
                for job in jobs
            ),
            empty="no jobs",
        )
