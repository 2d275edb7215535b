"""Prompts as they are typed or piped."""

from __future__ import annotations

import sys

import typer


def read_prompts(typed: list[str] | None) -> list[str]:
    """Those that were typed, or else the lines of the pipe that are not empty; `-` is the pipe. Raises BadParameter if there are none."""
    if typed and typed != ["-"]:
        return typed
    if not typed and sys.stdin.isatty():
        raise typer.BadParameter("a prompt is needed: type one, or pipe them in, one a line")
    prompts = [line.strip() for line in sys.stdin if line.strip()]
    if not prompts:
        raise typer.BadParameter("no prompt came through the pipe")
    return prompts
