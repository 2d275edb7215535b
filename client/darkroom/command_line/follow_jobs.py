"""Wait for jobs with a bar for each: its place in the queue, its steps and its estimated end. Ctrl+C cancels them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text
from typing_extensions import Self

from darkroom import Darkroom
from darkroom.command_line.preview import can_preview, draw_picture
from darkroom.command_line.printing import print_note, progress_console
from darkroom.errors import DarkroomError
from darkroom.views.events import Event
from darkroom.views.jobs import Job

_LONGEST_NAME = 32


def follow_jobs(
    darkroom: Darkroom,
    jobs: list[Job],
    *,
    timeout: float | None,
    is_quiet: bool,
    with_preview: bool,
    on_end: Callable[[Job], None],
) -> list[Job]:
    """The jobs when each has ended, in their order; `on_end` hears of each. Raises WaitTimedOut and, having cancelled all, KeyboardInterrupt."""
    ended: list[Job] = []
    deadline = None if timeout is None else time.monotonic() + timeout
    with cancelling(darkroom, jobs, ended), _Screen(jobs, is_quiet=is_quiet, with_preview=with_preview) as screen:
        for job in jobs:
            ended.append(_follow(darkroom, job, screen, deadline))
            on_end(ended[-1])
    return ended


@contextmanager
def cancelling(darkroom: Darkroom, jobs: list[Job], ended: list[Job]) -> Iterator[None]:
    """Ctrl+C in this block cancels the jobs that have not ended, says so, and is raised again."""
    try:
        yield
    except KeyboardInterrupt:
        done = {job.id for job in ended}
        for job in jobs:
            if job.id not in done:
                try:
                    darkroom.cancel(job)
                    print_note(f"cancelled {job.id}")
                except DarkroomError as error:
                    print_note(f"{job.id} goes on: {error}")
        raise


def _follow(darkroom: Darkroom, job: Job, screen: _Screen, deadline: float | None) -> Job:
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    if screen.is_quiet:
        return darkroom.wait(job, timeout=left)
    job = darkroom.jobs.get(job)
    screen.show(job)
    if job.is_finished:
        return job
    looked = time.monotonic()
    for event in darkroom.stream(job, timeout=left):
        if event.job is not None:
            screen.show(event.job)
            return event.job
        screen.hear(job, event)
        if event.type == "preview" and screen.with_preview:
            # There may be a newer one, or none any more.
            with suppress(DarkroomError, OSError):
                screen.draw(darkroom.jobs.preview(job))
        if event.type in {"position", "started", "step"} and time.monotonic() - looked > 1:
            looked = time.monotonic()
            screen.show(darkroom.jobs.get(job))
    return darkroom.wait(job)


class _Screen:
    """The bars, and below them the latest preview."""

    def __init__(self, jobs: list[Job], *, is_quiet: bool, with_preview: bool) -> None:
        console = progress_console()
        self.is_quiet = is_quiet or not console.is_terminal
        self.with_preview = with_preview and can_preview(console)
        self._columns = max(1, console.width - 2)
        self._picture: RenderableType = Text("")
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        if not self.is_quiet:
            self._tasks = {job.id: self._progress.add_task(_name(job), total=None, note=job.status) for job in jobs}
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if not self.is_quiet:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.is_quiet:
            self._live.stop()

    def show(self, job: Job) -> None:
        """The job as it was read."""
        task = self._tasks[job.id]
        total = job.progress.steps or None
        self._progress.update(task, completed=job.progress.step, total=total, note=_describe(job))
        if job.is_finished:
            self._progress.update(task, completed=1, total=1)
            self._progress.stop_task(task)
            self._picture = Text("")

    def hear(self, job: Job, event: Event) -> None:
        """What happened to the job."""
        task = self._tasks[job.id]
        if event.type == "step":
            self._progress.update(task, completed=event.step, total=event.steps)
        elif event.type == "position":
            self._progress.update(task, note=f"{event.position} before it")
        elif event.type in {"started", "retrying"}:
            self._progress.update(task, note=event.type)

    def draw(self, data: bytes) -> None:
        """A preview."""
        self._picture = draw_picture(data, self._columns)

    def _render(self) -> RenderableType:
        return Group(self._progress, self._picture)


def _name(job: Job) -> str:
    prompt = str(job.request.get("prompt") or job.id)
    return prompt if len(prompt) <= _LONGEST_NAME else prompt[: _LONGEST_NAME - 1] + "…"


def _describe(job: Job) -> str:
    if job.status == "running":
        text = f"step {job.progress.step} of {job.progress.steps}"
    elif job.status == "queued":
        text = job.queue.message or "queued"
    else:
        return job.status
    if job.queue.eta_seconds is not None:
        text += f" · about {max(1, round(job.queue.eta_seconds.p50))} s"
    return text
