"""A PgBouncer between Darkroom and the database, in each mode."""

from __future__ import annotations

import pytest

from admin.doctor.database import check_database
from admin.doctor.finding import Level
from infra.local import LocalStack
from infra.pooler import run_pgbouncer
from tests.database.pooler import require_pgbouncer
from tests.doctor.conftest import Diagnose, change_url

TRANSACTION = "one is in between, in transaction mode"
SESSION = "one is in between, in session mode"


@pytest.fixture(autouse=True)
def _pgbouncer() -> None:
    require_pgbouncer()


@pytest.mark.parametrize(
    ("mode", "setting", "level", "seen"),
    [
        ("session", "auto", Level.OK, f"{SESSION}: with DATABASE_POOLER=session it takes fewer statements"),
        ("session", "session", Level.OK, SESSION),
        ("transaction", "auto", Level.OK, TRANSACTION),
        ("transaction", "transaction", Level.OK, TRANSACTION),
        ("transaction", "session", Level.ERROR, f"{TRANSACTION}, and DATABASE_POOLER=session"),
    ],
)
def test_what_stands_between_is_found(
    *, mode: str, setting: str, level: Level, seen: str, servers: LocalStack, diagnose: Diagnose
) -> None:
    """It is right unless the setting says otherwise; everything else of the database is."""
    with run_pgbouncer(change_url(servers), pool_mode=mode) as url:
        found = diagnose(check_database, DATABASE_URL=url, DATABASE_POOLER=setting)
    assert (found["pooler"].level, found["pooler"].seen) == (level, seen)
    assert {each.level for name, each in found.items() if name != "pooler"} == {Level.OK}


def test_statement_mode_is_refused(servers: LocalStack, diagnose: Diagnose) -> None:
    """It allows no transactions."""
    with run_pgbouncer(change_url(servers), pool_mode="statement") as url:
        found = diagnose(check_database, DATABASE_URL=url)
    assert found["connection"].level is Level.ERROR
    assert "statement mode" in found["connection"].seen
