"""A part of the running service restarts as quickly as it started."""

from __future__ import annotations

import subprocess

from infra.local import LocalStack


def test_a_part_is_forked_again(stack: LocalStack) -> None:
    """What the stack has added to its environment since, such as the page's address, is nothing that imports read."""
    dispatcher = stack.part("dispatcher")
    dispatcher.restart()

    assert not isinstance(dispatcher._process, subprocess.Popen)
