"""The database part: PostgreSQL 18 from the wheel, for an ordinary user and for root, as whom PostgreSQL refuses to run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from pathlib import Path

import psycopg

from infra.local.command import Command, Identity
from infra.local.ports import LOOPBACK
from infra.local.processes import find_working_directory, list_processes_in
from infra.local.servers.postgres_programs import PostgresRefused, choose_identity, get_program, run_as

_NAME = "darkroom"  # of the superuser and the database
_ORPHAN_SECONDS = 10
_OTHER_VERSION = re.compile(
    r"initialized by PostgreSQL version (\S+), which is not compatible with this version ([\d.]+)"
)


class Postgres:
    """One PostgreSQL server on loopback with its cluster in `folder`.

    With `is_durable` the data survives a power cut; without it, only the death of the server's processes.
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
        """Make the cluster if there is none, remove what a dead server left, and run the server."""
        identity = self._identity = self._identity or choose_identity(self.folder)
        if identity.kind == "other":
            # It has to pass through the data folder, where it may read nothing else.
            self.folder.parent.chmod(0o711)
        if not self.folder.exists():
            self._make_cluster(identity)
        self._give_to(identity)
        self._wait_for_the_last_server()

        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",  # the path of a socket must be short, that of a data folder may be long
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._is_durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        return Command(
            [
                *(str(get_program("postgres")), "-D", str(self.folder)),
                *(argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")),
            ],
            folder=self.folder,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, then a checkpoint
            orphan_signal=signal.SIGQUIT,  # "immediate": ends the server's processes and frees its shared memory
            identity=identity,
        )

    def explain(self, log: str) -> str | None:
        """In one line, why the server did not start; None if its log shows nothing that we know."""
        if (found := _OTHER_VERSION.search(log)) is None:
            return None
        return (
            f"the database in {self.folder} was made by PostgreSQL {found[1]}, and the server is {found[2]}: start it with "
            "the release that made it, and copy it with pg_dump and pg_restore."
        )

    def is_ready(self) -> bool:
        """Whether the database can be used; creates it on the first start."""
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
            # Set here because libpq would otherwise take them from the caller's environment.
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
                *(str(get_program("initdb")), "-D", str(draft), "-U", _NAME, "--no-instructions"),
                *("-A", "scram-sha-256", f"--pwfile={password_file}"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(() if self._is_durable else ("--no-sync",)),
            ],
        )
        password_file.unlink()
        if done.returncode != 0:
            raise PostgresRefused(f"initdb could not make the database in {self.folder}:\n{done.stdout.strip()}")

        # In one step: a cluster that exists is complete.
        draft.rename(self.folder)

    def _give_to(self, identity: Identity) -> None:
        """Make the server's user the owner of a cluster that another user made."""
        uid, gid = (identity.uid, identity.gid) if identity.kind == "other" else (os.geteuid(), os.getegid())
        if self.folder.stat().st_uid != uid:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, uid, gid, follow_symlinks=False)

    def _wait_for_the_last_server(self) -> None:
        """Wait for the end of a server that a killed stack left, and delete a pid file that would stop PostgreSQL wrongly.

        That is one that a power cut left empty, or whose number now belongs to another process. A pid file that names no
        process is left to PostgreSQL, which makes further checks.
        """
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while processes := list_processes_in(self.folder, "postgres"):
            if time.monotonic() > deadline:
                raise PostgresRefused(f"process {processes[0]} still uses {self.folder}, and did not end by itself")
            time.sleep(0.05)

        pid_file = self.folder / "postmaster.pid"
        if pid_file.exists():
            first_line = pid_file.read_text().partition("\n")[0].strip()
            if not first_line.isdecimal() or find_working_directory(int(first_line)) is not None:
                pid_file.unlink()
