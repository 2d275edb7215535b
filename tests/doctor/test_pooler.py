from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from admin.doctor.database import check_database
from admin.doctor.finding import Level
from infra.local import LocalStack
from infra.local.ports import Ports
from tests.doctor.conftest import Diagnose, change_url

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def pooling(servers: LocalStack, folder: Path, *, mode: str, ignored: str) -> Iterator[str]:
    """The address of the database through a PgBouncer."""
    if PROGRAM is None and "CI" not in os.environ:
        pytest.skip("needs Debian's package pgbouncer")
    assert PROGRAM is not None, "CI has to install pgbouncer"
    ports = Ports()
    port = ports.reserve()
    ports.release()
    user, _, password = change_url(servers).partition("://")[2].rpartition("@")[0].partition(":")
    server = change_url(servers).rpartition("@")[2].partition("/")[0].partition(":")
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\ndarkroom = host={server[0]} port={server[2]} user={user} password={password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = {mode}\n"
        f"ignore_startup_parameters = {ignored}\nunix_socket_dir =\n"
    )
    folder.chmod(0o755)
    user_option = ["--user=nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([PROGRAM, "--quiet", *user_option, str(folder / "pgbouncer.ini")])
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield change_url(servers, port=port)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One that the pooler's user can enter, unlike those of pytest."""
    path = Path("/tmp") / f"darkroom-pooler-{os.getpid()}"
    path.mkdir()
    yield path
    shutil.rmtree(path)


def test_session_mode(servers: LocalStack, folder: Path, diagnose: Diagnose) -> None:
    """Each client has a session of its own: nothing is wrong with that."""
    with pooling(servers, folder, mode="session", ignored="options,extra_float_digits") as url:
        found = diagnose(check_database, DATABASE_URL=url)
    assert (found["pooler"].level, found["pooler"].seen) == (Level.OK, "one is in between, in session mode")


def test_transaction_mode(servers: LocalStack, folder: Path, diagnose: Diagnose) -> None:
    """Two clients are given the same session in turn."""
    with pooling(servers, folder, mode="transaction", ignored="options,extra_float_digits") as url:
        found = diagnose(check_database, DATABASE_URL=url)
    assert found["pooler"].level is Level.WARNING
    assert "in transaction mode" in found["pooler"].seen


def test_a_pooler_that_passes_no_parameters_on(servers: LocalStack, folder: Path, diagnose: Diagnose) -> None:
    """PgBouncer as it is installed refuses us, in words of its own."""
    with pooling(servers, folder, mode="session", ignored="") as url:
        found = diagnose(check_database, DATABASE_URL=url)
    assert found["connection"].level is Level.ERROR
    assert "unsupported startup parameter" in found["connection"].seen
    assert "pooler" in found["connection"].todo
