"""How DATABASE_URL is read."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from core.database_address import parse_database_url
from core.settings import Settings

_SECRET = "Tr0ub4dor"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@h:5433/db", {"user": "u", "password": "p", "host": "h", "port": "5433", "dbname": "db"}),
        ("postgresql://u:p%40%2F%3A%23%25@h/db", {"password": "p@/:#%"}),
        ("postgresql+psycopg://u:p+x@h/db", {"password": "p+x"}),
        ("postgresql://h1:5432,h2:5433/db", {"host": "h1,h2", "port": "5432,5433"}),
        ("postgresql://u@/db?host=h1,h2&port=5432,5433", {"host": "h1,h2", "port": "5432,5433"}),
        ("postgresql://h1,h2/db", {"target_session_attrs": "read-write"}),
        ("postgresql://h1,h2/db?target_session_attrs=any", {"target_session_attrs": "any"}),
        ("postgresql://u@[::1]:5433/db", {"host": "::1", "port": "5433"}),
        ("postgresql://u@[::1]:1,[fe80::1]:2/db", {"host": "::1,fe80::1", "port": "1,2"}),
        ("postgresql://u@%2Frun%2Fpg:5433/db", {"host": "/run/pg", "port": "5433"}),
        ("postgresql:///db?host=/run/pg", {"host": "/run/pg", "dbname": "db"}),
        ("postgresql://h/db?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem", {"sslrootcert": "/etc/ca.pem"}),
        ("postgresql://h/db?ssl=true", {"sslmode": "require"}),
        ("postgresql://h/db?application_name=blue%20one&connect_timeout=7", {"application_name": "blue one"}),
        ("postgresql://h/db?connect_timeout=7", {"connect_timeout": "7", "application_name": "darkroom"}),
        (
            "postgresql://h/db?fallback_application_name=blue",
            {"application_name": None, "fallback_application_name": "blue"},
        ),
        ("postgresql://h/db?tcp_user_timeout=900&keepalives=0", {"tcp_user_timeout": "900", "keepalives": "0"}),
    ],
)
def test_each_part_reaches_the_driver(url: str, expected: dict[str, str | None]) -> None:
    """Whatever the spelling, and whichever of our defaults it stands against."""
    parameters = parse_database_url(url).parameters

    assert {name: parameters.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-csearch_path=darkroom", {"search_path": "darkroom"}),
        ("-csearch_path%3Ddarkroom", {"search_path": "darkroom"}),
        ("-c%20search_path=a,b", {"search_path": "a,b"}),
        ("--search-path=a%20-c%20statement_timeout=5s", {"search_path": "a", "statement_timeout": "5s"}),
        (r"-csearch_path=a,\%20b", {"search_path": "a, b"}),
        ("-c work_mem=8MB", {"work_mem": "8MB"}),
        ("-cdarkroom.region=eu", {"darkroom.region": "eu"}),
        (r"-cdefault_transaction_isolation=read\%20committed", {"default_transaction_isolation": "read committed"}),
        ("-ctimezone=utc", {"timezone": "utc"}),
        ("", {}),
    ],
)
def test_options_become_settings_of_each_session(options: str, expected: dict[str, str]) -> None:
    """As PostgreSQL reads them, with a second "=" as people write it."""
    assert parse_database_url(f"postgresql://h/db?options={options}").session_settings == expected


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("mysql://u:p@h/db", "postgresql://"),
        ("host=h dbname=db", "postgresql://"),
        ("postgresql://h/db?pgbouncer=true", '"pgbouncer"'),
        ("postgresql://h/db?statement_timeout=5", '"statement_timeout"'),
        ("postgresql://h/db?service=blue", '"service"'),
        ("postgresql://h/db?replication=database", '"replication=database"'),
        ("postgresql://h/db?client_encoding=latin1", '"client_encoding=latin1"'),
        ("postgresql://h1,h2/db?target_session_attrs=standby", '"target_session_attrs=standby"'),
        ("postgresql://h/db?target_session_attrs=prefer-standby", '"target_session_attrs=prefer-standby"'),
        ("postgresql://h/db?sslmode=on", "sslmode"),
        ("postgresql://h/db?connect_timeout=3s", '"connect_timeout"'),
        ("postgresql://h/db?host=h1&host=h2", '"host" stands twice'),
        ("postgresql://u@/db?host=h1:5432,h2:5433", '"port"'),
        ("postgresql://h1,h2/db?port=1,2,3", "3 ports for 2 hosts"),
        ("postgresql://h:70000/db", '"port"'),
        ("postgresql://h/db?options=-ctimezone=Europe/Berlin", "timezone"),
        ("postgresql://h/db?options=-cTimeZone=Europe/Berlin", "timezone"),
        ("postgresql://h/db?options=--default-transaction-isolation=serializable", "default_transaction_isolation"),
        ("postgresql://h/db?options=-ctransaction_read_only=on", "transaction_read_only"),
        ("postgresql://h/db?options=-cdefault_transaction_read_only=on", "default_transaction_read_only"),
        ("postgresql://h/db?options=-cclient_encoding=latin1", "client_encoding"),
        ("postgresql://h/db?options=-csearch_path=a+-cwork_mem=1MB", '"options" holds a "+"'),
        ("postgresql://h/db?options=-B%20500", '"-B"'),
        ("postgresql://h/db?options=-csearch_path", "-c name=value"),
        ("postgresql://h/db?options=-c", "-c name=value"),
    ],
)
def test_what_would_not_be_in_force_is_refused_by_name(url: str, named: str) -> None:
    """In one line."""
    with pytest.raises(ValueError, match=re.escape(named)) as refused:
        parse_database_url(url)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{_SECRET}/x@h/db",
        f"postgresql://u:x/{_SECRET}@h/db",
        f"postgresql://u:{_SECRET}?x@h/db",
        f"postgresql://u:x?{_SECRET}@h/db",
        f"postgresql://u:x?{_SECRET}=@h/db",
        f"postgresql://u:x@{_SECRET}@h/db",
        f"postgresql://u:%zz{_SECRET}@h/db",
        f"postgresql://u:{_SECRET}:1@h/db?sslmode=on",
    ],
)
def test_an_error_holds_nothing_of_the_password(url: str) -> None:
    """Also one that is not encoded as it should be, so that a part of it is read as something else."""
    with pytest.raises(ValueError, match=" ") as refused:
        parse_database_url(url)

    assert _SECRET not in str(refused.value)


def test_a_wrong_address_is_a_wrong_setting() -> None:
    """Every process finds it when it starts, and shows nobody the password."""
    with pytest.raises(ValidationError, match="pgbouncer") as refused:
        Settings(database_url=f"postgresql://u:{_SECRET}@h/db?pgbouncer=true")

    assert _SECRET not in str(refused.value)
