"""A standby of the stack's database, by PostgreSQL's own streaming replication, and the failover to it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from infra.local import LocalStack
from infra.local.command import start_process
from infra.local.part import Part
from infra.local.servers.postgres import Postgres
from infra.local.servers.postgres_programs import choose_identity, get_program, run_as

_SECONDS = 60


@dataclass(frozen=True)
class DatabaseServer:
    """A PostgreSQL server, and its process."""

    postgres: Postgres
    part: Part

    @property
    def url(self) -> str:
        """Its address, past every proxy."""
        return self.postgres.url

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Asks the server itself, as its administrator."""
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def follow(self, primary: DatabaseServer) -> None:
        """Starts as a copy of the primary, and returns when the primary commits nothing that is not written here as well: what
        it has answered survives it.
        """
        _copy(primary, self.postgres)
        self.part.start()
        self.part.wait_until_ready()
        primary.query("alter system set synchronous_standby_names = '*'")
        primary.query("select pg_reload_conf()")
        gives_up_at = time.monotonic() + _SECONDS
        while primary.query("select sync_state from pg_stat_replication") != [("sync",)]:
            assert time.monotonic() < gives_up_at, "the standby does not follow"
            time.sleep(0.05)
        # Each process of the primary reads its settings for itself.
        time.sleep(0.5)

    def promote(self) -> None:
        """Makes the standby the primary: it takes writes when this returns."""
        assert self.query(f"select pg_promote(true, {_SECONDS})") == [(True,)]


def first_server(stack: LocalStack, database_url: str) -> DatabaseServer:
    """The stack's own database, which has this address."""
    address = urlsplit(database_url)
    assert address.port is not None
    postgres = Postgres(stack.data_folder.path / "database", address.port, address.password or "", is_durable=False)
    return DatabaseServer(postgres, stack.part("database"))


@contextmanager
def second_server(stack: LocalStack, *, port: int, like: DatabaseServer) -> Iterator[DatabaseServer]:
    """A server beside the stack's own database, on a port that is reserved for it. It has no data yet, and does not run."""
    folder = stack.data_folder.path / "second-database"
    postgres = Postgres(folder, port, urlsplit(like.url).password or "", is_durable=False)
    part = Part(
        "second-database",
        postgres.build_command,
        is_ready=postgres.is_ready,
        log_path=stack.data_folder.open_log("second-database"),
        start_process=start_process,
    )
    try:
        yield DatabaseServer(postgres, part)
    finally:
        part.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(primary: DatabaseServer, standby: Postgres) -> None:
    """Copies the primary's cluster, with what the copy needs to follow it."""
    shutil.rmtree(standby.folder, ignore_errors=True)
    standby.folder.mkdir(mode=0o700)
    identity = choose_identity(primary.postgres.folder)
    if identity.kind == "other":
        os.chown(standby.folder, identity.uid, identity.gid)
    done = run_as(
        identity,
        [
            *(str(get_program("pg_basebackup")), "--dbname", primary.url.replace("+psycopg", "")),
            *("--pgdata", str(standby.folder), "--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
        ],
    )
    assert done.returncode == 0, done.stdout
    assert (standby.folder / "standby.signal").exists()
