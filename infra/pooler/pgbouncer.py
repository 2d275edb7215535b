"""Run PgBouncer in front of a PostgreSQL, with its default configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.database_address import parse_database_url
from infra.local.ports import LOOPBACK, Ports, is_listening

_START_SECONDS = 10


class PgBouncerMissing(Exception):
    """There is no PgBouncer on this machine; the message says how to get it."""


def find_pgbouncer() -> str:
    """The path of the program. Raises PgBouncerMissing."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise PgBouncerMissing("there is no pgbouncer on this machine: apt-get install pgbouncer")
    return program


@contextmanager
def run_pgbouncer(database_url: str, *, pool_mode: str = "session", **settings: str | int) -> Iterator[str]:
    """Runs a PgBouncer with its default configuration, apart from these settings of its file, until the block ends.

    Yields the address of the same database through it. Raises PgBouncerMissing.
    """
    program = find_pgbouncer()
    server = parse_database_url(database_url).parameters
    ports = Ports()
    port = ports.reserve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_files(folder, server, {"listen_port": port, "pool_mode": pool_mode, **settings})
        # It refuses to run as root.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([program, *user, str(folder / "pgbouncer.ini")], stdout=log, stderr=log)
        try:
            _wait_for(process, port, folder / "log")
            yield f"postgresql://{server['user']}:{server['password']}@{LOOPBACK}:{port}/{server['dbname']}"
        finally:
            process.kill()
            process.wait()
            ports.release()


def _write_files(folder: Path, server: dict[str, str], settings: dict[str, str | int]) -> None:
    lines = [
        "[databases]",
        f"* = host={server['host']} port={server['port']}",
        "[pgbouncer]",
        f"listen_addr = {LOOPBACK}",
        "unix_socket_dir =",
        "auth_type = scram-sha-256",
        f"auth_file = {folder / 'users'}",
        *(f"{name} = {value}" for name, value in settings.items()),
    ]
    (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
    (folder / "users").write_text(f'"{server["user"]}" "{server["password"]}"\n')
    # As root, another user reads them. The password is that of a database for a test.
    folder.chmod(0o755)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_listening(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"pgbouncer did not start:\n{log.read_text()}")
        time.sleep(0.05)
