"""The view of a stack in the terminal: the state of every part as it changes, live or line by line."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from infra.local.part import Part, PartState
from infra.local.stack import LocalStack

_STYLES = {
    PartState.WAITING: "dim",
    PartState.STARTING: "yellow",
    PartState.READY: "green",
    PartState.STOPPING: "yellow",
    PartState.STOPPED: "dim",
    PartState.FAILED: "bold red",
}
_MARKS = {PartState.READY: "✓", PartState.FAILED: "✗"}


class Screen:
    """The view of one stack, on standard error: standard output is for the command that runs on the stack."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    def take_note(self, part: Part) -> None:
        """Print that a part is ready, if the terminal cannot show all of them live. For a stack's `listener`."""
        if part.state is PartState.READY and not self.console.is_terminal:
            self.say(f"{part.name:<12}{_state_text(part)}")

    @contextmanager
    def showing(self, stack: LocalStack) -> Iterator[None]:
        """Show the stack's parts live until the block ends."""
        if not self.console.is_terminal:
            yield
            return
        spinner = Spinner("dots")
        with Live(get_renderable=lambda: _draw(stack.parts, spinner), console=self.console, refresh_per_second=12):
            yield

    def say(self, message: str, style: str = "") -> None:
        """Print a message of one or several lines."""
        self.console.print(Text(message, style=style), soft_wrap=True)


def _draw(parts: Sequence[Part], spinner: Spinner) -> Table:
    table = Table.grid(padding=(0, 2))
    for part in parts:
        in_motion = part.state in {PartState.STARTING, PartState.STOPPING}
        mark = spinner if in_motion else Text(_MARKS.get(part.state, " "))
        table.add_row(mark, part.name, Text(_state_text(part), style=_STYLES[part.state]))
    return table


def _state_text(part: Part) -> str:
    if part.state is PartState.STARTING:
        return f"starting {time.monotonic() - part.started_at:.1f} s" if part.started_at else "starting"
    if part.state is PartState.READY and part.ready_at is not None:
        return f"ready after {part.ready_at - part.started_at:.1f} s"
    return part.state.value
