"""A part that does one thing and ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.local.command import Command, StartProcess
from infra.local.part import Part, PartState


class OneShot(Part):
    """A command that is ready once it has ended with status 0; `on_output` is given its standard output."""

    _keeps_output = True

    def __init__(
        self,
        name: str,
        build_command: Callable[[], Command],
        *,
        log_path: Path,
        start_process: StartProcess,
        on_output: Callable[[str], None] = lambda _output: None,
        listener: Callable[[Part], None] | None = None,
    ) -> None:
        super().__init__(
            name,
            build_command,
            is_ready=lambda: True,
            log_path=log_path,
            start_process=start_process,
            listener=listener,
        )
        self._on_output = on_output

    @property
    def has_died(self) -> bool:
        """Never: a one-shot part is over when its process ends."""
        return False

    def _has_come_up(self) -> bool:
        if self.returncode != 0:
            return False
        output, _ = self._get_process().communicate()
        self._on_output(output.decode())
        return True

    def _change(self, state: PartState) -> None:
        # A part that is done stays so when the stack is stopped.
        if self.state is not PartState.READY:
            super()._change(state)
