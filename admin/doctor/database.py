"""The database: whether it can be reached and written, fits this release, and has connections enough."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from admin.doctor.finding import Area, Finding, find_advice, in_one_line
from admin.doctor.pooler import check_pooler
from core.database import build_engine
from core.schema import metadata
from core.settings import Settings

#: What `server_version_num` is of the oldest PostgreSQL that is worth a try.
_OLDEST = 150_000

#: Seconds that the two clocks may differ.
_CLOCK_SECONDS = 2.0

#: An API, a worker and a dispatcher.
_LEAST_PROCESSES = 3

_ADVICE = {
    "password authentication failed": "Correct the user and the password in DATABASE_URL",
    "no password supplied": "Put the password into DATABASE_URL",
    "connection refused": "Start PostgreSQL, or correct the host and the port in DATABASE_URL",
    "resolve host": "Correct the host in DATABASE_URL",
    "translate host": "Correct the host in DATABASE_URL",
    "does not exist": "Create it, or correct its name in DATABASE_URL",
    "timeout": "See whether a firewall drops what is sent to the host and the port in DATABASE_URL",
    "startup parameter": "Use a pooler that passes parameters on, in session mode, or none",
    "pg_hba.conf": "Allow this machine in the server's pg_hba.conf",
    "ssl": "Correct sslmode in DATABASE_URL, or the server's certificate",
    "connection slots": "Raise max_connections, or lower DATABASE_POOL_SIZE",
    "too many": "Raise the limit of connections, or lower DATABASE_POOL_SIZE",
    "starting up": "Wait until the server has started",
}

_database = Area("database")


def check_database(settings: Settings) -> Iterator[Finding]:
    """What a process of ours meets when it connects, and afterwards."""
    engine = build_engine(settings.database_url, pool_size=2, pooler=settings.database_pooler)
    try:
        with engine.connect() as connection:
            yield _database.ok("connection", _describe_connection(connection))
            yield from _check_server(connection)
            yield check_pooler(engine, connection, settings.database_pooler)
            yield from _check_migrations(connection)
            yield from _check_rights(connection)
            yield _check_clock(connection)
            yield _check_connections(connection, settings.database_pool_size)
    except SQLAlchemyError as error:
        reason = in_one_line(error.orig if isinstance(error, DBAPIError) and error.orig else error)
        advice = find_advice(reason, _ADVICE, "Correct DATABASE_URL, or what the server says")
        yield _database.error("connection", reason, advice)
    finally:
        engine.dispose()


def _describe_connection(connection: Connection) -> str:
    # Of several hosts in the address, the one that answered.
    driver = connection.connection.driver_connection
    assert driver is not None
    return f"connected to {driver.info.host} as {driver.info.user}"


def _check_server(connection: Connection) -> Iterator[Finding]:
    row = connection.execute(
        text("""
            SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
                current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS is_standby,
                current_setting('transaction_read_only') = 'on' AS is_read_only,
                current_setting('transaction_isolation') AS isolation, current_user AS role
        """)
    ).one()
    if row.number < _OLDEST:
        yield _database.warning(
            "version", f"PostgreSQL {row.version}", "Upgrade it: Darkroom is tested with PostgreSQL 18"
        )
    else:
        yield _database.ok("version", f"PostgreSQL {row.version}")
    if row.encoding == "UTF8":
        yield _database.ok("encoding", "UTF8")
    else:
        yield _database.error(
            "encoding", row.encoding, "Make the database anew with ENCODING 'UTF8': prompts are in any script"
        )
    if row.is_standby:
        todo = "Let DATABASE_URL name the primary, or end the failover"
        yield _database.error("writes", "this server is a standby, which takes no writes", todo)
    elif row.is_read_only:
        todo = "See who set default_transaction_read_only: the server, ALTER DATABASE, ALTER ROLE or DATABASE_URL"
        yield _database.error("writes", "sessions are read-only", todo)
    else:
        yield _database.ok("writes", "sessions may write")
    if row.isolation == "read committed":
        yield _database.ok("isolation", row.isolation)
    else:
        todo = "Take the pooler that sets it away: Darkroom asks for read committed with every session or transaction"
        yield _database.error("isolation", f"{row.isolation}: submits would fail", todo)


def _check_migrations(connection: Connection) -> Iterator[Finding]:
    script = ScriptDirectory(str(Path(__file__).resolve().parents[2] / "migrations"))
    head = script.get_current_head()
    found = None
    if connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found == head:
        yield _database.ok("migrations", f"up to date, at {head}")
    elif found is None:
        yield _database.error("migrations", "none has been run", "Run `alembic upgrade head`")
    elif found in {revision.revision for revision in script.walk_revisions()}:
        yield _database.error("migrations", f"at {found}, and this release needs {head}", "Run `alembic upgrade head`")
    else:
        todo = "Upgrade Darkroom, or revert the migration with the newer release (docs/deployment.md)"
        yield _database.warning("migrations", f"at {found}, which is of a newer release than {head}", todo)


def _check_rights(connection: Connection) -> Iterator[Finding]:
    row = connection.execute(
        text("""
            SELECT current_user AS role, has_schema_privilege(current_schema(), 'CREATE') AS may_create,
                (
                    SELECT string_agg(name, ', ' ORDER BY name) FROM unnest(CAST(:names AS text[])) AS name
                    WHERE to_regclass(name) IS NOT NULL AND NOT (
                        has_table_privilege(name, 'SELECT') AND has_table_privilege(name, 'INSERT')
                        AND has_table_privilege(name, 'UPDATE') AND has_table_privilege(name, 'DELETE')
                    )
                ) AS refused
        """),
        {"names": sorted(metadata.tables)},
    ).one()
    if row.refused:
        todo = f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {row.role}"
        yield _database.error("rights", f"{row.role} may not read and write {row.refused}", todo)
    elif not row.may_create:
        todo = "Nothing, if migrations are run with another role"
        yield _database.warning("rights", f"{row.role} may read and write every table, but make none", todo)
    else:
        yield _database.ok("rights", f"{row.role} may read, write and make tables")


def _check_clock(connection: Connection) -> Finding:
    before = time.time()
    theirs = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    ahead = float(theirs or 0) - (before + time.time()) / 2
    seen = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) > _CLOCK_SECONDS:
        todo = "Let both machines take their time from the network (NTP): links and webhooks are signed with it"
        return _database.warning("clock", seen, todo)
    return _database.ok("clock", seen)


def _check_connections(connection: Connection, pool_size: int) -> Finding:
    row = connection.execute(
        text("""
            SELECT (
                SELECT min(each) FROM unnest(ARRAY[
                    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                        - coalesce(current_setting('reserved_connections', true)::int, 0),
                    (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
                    (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)
                ]) AS each
            ) AS allowed, (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used
        """)
    ).one()
    processes = row.allowed // pool_size
    seen = (
        f"{row.allowed} allowed, {row.used} in use: enough for {processes} processes of DATABASE_POOL_SIZE={pool_size}"
    )
    if processes < _LEAST_PROCESSES:
        todo = "Raise max_connections (or the limit of the role or the database), or lower DATABASE_POOL_SIZE"
        return _database.warning("connections", seen, todo)
    return _database.ok("connections", seen)
