"""The command line, called in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from darkroom.command_line.main import app
from darkroom.connection import Connection
from typer.testing import CliRunner


@dataclass(frozen=True)
class Ran:
    """What a command has printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[list[str]]:
        """The cells of what was printed for a pipe."""
        return [line.split("\t") for line in self.out.splitlines()]

    @property
    def values(self) -> list[Any]:
        """What was printed as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """`darkroom` for one account."""

    connection: Connection

    def __call__(self, *arguments: object, stdin: str = "") -> Ran:
        """Run a command, which must succeed."""
        ran = self.run(*arguments, stdin=stdin)
        assert ran.status == 0, ran
        return ran

    def run(self, *arguments: object, stdin: str = "", **environment: str) -> Ran:
        """Run a command."""
        variables = {"DARKROOM_URL": self.connection.url, "DARKROOM_API_KEY": self.connection.api_key, **environment}
        result = CliRunner().invoke(app, [*map(str, arguments)], input=stdin, env=variables)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)
