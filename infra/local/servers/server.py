"""What the embedded stack needs from each of its three servers."""

from __future__ import annotations

from typing import Protocol

from infra.local.command import Command

SERVERS = ("database", "redis", "storage")


class Server(Protocol):
    """PostgreSQL, Valkey, or the S3 server."""

    def build_command(self) -> Command:
        """Prepare the files that the server needs, and return its command."""

    def is_ready(self) -> bool:
        """Whether it serves."""

    def explain(self, log: str) -> str | None:
        """Why it did not start, in one line, if the log of its start shows it."""
