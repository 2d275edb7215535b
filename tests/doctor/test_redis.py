from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import redis

from admin.doctor.finding import Level
from admin.doctor.redis_server import _check_encryption, check_redis, connect
from core.settings import get_settings
from infra.local import LocalStack
from tests.doctor.conftest import Diagnose


@pytest.fixture
def server(servers: LocalStack) -> redis.Redis:
    return redis.Redis.from_url(servers.environment["REDIS_URL"])


@contextmanager
def configured(server: redis.Redis, **changes: str) -> Iterator[None]:
    """The server with these parameters; afterwards with its own."""
    names = [name.replace("_", "-") for name in changes]
    before = {name: str(server.config_get(name)[name]) for name in names}
    for name, value in zip(names, changes.values(), strict=True):
        server.config_set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            server.config_set(name, value)


def test_a_redis_as_it_should_be(diagnose: Diagnose) -> None:
    """Every check says so."""
    found = diagnose(check_redis)
    assert {each.level for each in found.values()} == {Level.OK}
    assert list(found) == ["connection", "encryption", "writes", "version", "memory", "persistence"]


@pytest.mark.parametrize(
    ("beginning", "seen", "todo"),
    [
        ("redis://:hidden@{place}/0", "invalid username-password", "Correct the user and the password"),
        ("redis://{place}/0", "already authenticated", "Put the password into REDIS_URL"),
        ("redis://127.0.0.1:1/0", "Connection refused", "Start Redis"),
        ("rediss://:{password}@{place}/0", "Timeout", "whether the server speaks TLS"),
        ("redis://:{password}@{place}/99", "DB index is out of range", "number at the end of REDIS_URL"),
    ],
)
def test_a_redis_that_cannot_be_used(
    beginning: str, seen: str, todo: str, servers: LocalStack, diagnose: Diagnose
) -> None:
    """What it says, what to do about it, and no password."""
    address = urlsplit(servers.environment["REDIS_URL"])
    url = beginning.format(place=f"{address.hostname}:{address.port}", password=address.password)
    found = diagnose(check_redis, REDIS_URL=url)
    assert list(found) == ["connection"]
    assert found["connection"].level is Level.ERROR
    assert seen.lower() in found["connection"].seen.lower()
    assert todo in found["connection"].todo
    assert "hidden" not in str(found)
    assert str(address.password) not in str(found)


def test_a_policy_that_throws_rings_away(server: redis.Redis, diagnose: Diagnose) -> None:
    """allkeys-lru, as caches are configured."""
    with configured(server, maxmemory_policy="allkeys-lru"):
        memory = diagnose(check_redis)["memory"]
    assert (memory.level, memory.seen.partition(":")[0]) == (Level.WARNING, "allkeys-lru")
    assert "noeviction" in memory.todo


def test_no_memory_left(server: redis.Redis, diagnose: Diagnose) -> None:
    """A ring is refused."""
    with configured(server, maxmemory="1"):
        found = diagnose(check_redis)
    assert (found["writes"].level, found["memory"].level) == (Level.ERROR, Level.WARNING)
    assert "Raise maxmemory" in found["writes"].todo


def test_a_replica(server: redis.Redis, diagnose: Diagnose) -> None:
    """As a failover leaves behind."""
    server.replicaof("127.0.0.1", "1")
    try:
        writes = diagnose(check_redis)["writes"]
    finally:
        server.replicaof("NO", "ONE")
    assert writes.level is Level.ERROR
    assert "name the primary" in writes.todo


def test_a_user_that_may_not_write(server: redis.Redis, servers: LocalStack, diagnose: Diagnose) -> None:
    """Rights of Redis' users are tried as rings use them."""
    server.acl_setuser(
        "guest", enabled=True, passwords=["+hidden"], categories=["+@read"], commands=["+ping", "+info"], keys=["*"]
    )
    try:
        place = servers.environment["REDIS_URL"].rpartition("@")[2]
        writes = diagnose(check_redis, REDIS_URL=f"redis://guest:hidden@{place}")["writes"]
    finally:
        server.acl_deluser("guest")
    assert writes.level is Level.ERROR
    assert "every command" in writes.todo


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("redis://127.0.0.1/0", Level.OK),
        ("redis://10.1.2.3/0", Level.OK),
        ("redis://93.184.215.14/0", Level.WARNING),
        ("rediss://93.184.215.14/0", Level.OK),
        ("rediss://127.0.0.1/0?ssl_cert_reqs=none", Level.WARNING),
    ],
)
def test_encryption(url: str, level: Level, diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public server without TLS, and TLS without verification, are warnings."""
    monkeypatch.setenv("REDIS_URL", url)
    get_settings.cache_clear()
    assert _check_encryption(connect(get_settings())).level is level
