"""Which server program the embedded stack runs, and what it says of one that cannot read its files."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
import redis

from infra.local import LocalStack
from infra.local.part import PartFailed
from infra.local.servers.valkey import get_server_program
from tests.integration.redis_servers import find_tls_program

#: Says that it is a server, and is none.
IMPOSTOR = '#!/bin/sh\necho "Can\'t handle RDB format version 80"\nexit 1\n'


@pytest.fixture
def impostors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs of these names are the first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("valkey-server", "redis-server", "postgres", "initdb", "rclone"):
        program = folder / name
        program.write_text(IMPOSTOR)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert shutil.which("redis-server") == str(folder / "redis-server")
    return folder


def test_the_wheels_servers_go_before_those_on_path(impostors: Path) -> None:
    """Whatever the machine has installed, and of whatever age: all three servers start."""
    with LocalStack(only=("database", "redis", "storage")) as stack:
        assert redis.Redis.from_url(stack.environment["REDIS_URL"]).info()["server_name"] == "valkey"


def test_another_server_is_taken_by_name(impostors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, or by a name on PATH; a name that leads nowhere is an error that says so."""
    monkeypatch.setenv("LOCAL_REDIS_SERVER", "redis-server")
    assert get_server_program() == impostors / "redis-server"
    monkeypatch.setenv("LOCAL_REDIS_SERVER", str(impostors / "valkey-server"))
    assert get_server_program() == impostors / "valkey-server"
    monkeypatch.setenv("LOCAL_REDIS_SERVER", "")
    assert get_server_program().parent.parent.name == "_binaries"
    monkeypatch.setenv("LOCAL_REDIS_SERVER", "/nowhere/redis-server")
    with (
        pytest.raises(FileNotFoundError, match="LOCAL_REDIS_SERVER is '/nowhere/redis-server'"),
        LocalStack(only=("redis",)),
    ):
        pass


def test_a_server_that_cannot_read_the_files_is_one_line(
    tmp_path: Path, impostors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the program, the folder, and what to do."""
    with LocalStack(tmp_path / "data", only=("redis",)):
        pass
    monkeypatch.setenv("LOCAL_REDIS_SERVER", str(impostors / "redis-server"))

    with pytest.raises(PartFailed) as failed, LocalStack(tmp_path / "data", only=("redis",)):
        pass

    first, where = str(failed.value).splitlines()
    assert first.startswith(f"redis did not start: {impostors}/redis-server cannot read {tmp_path}/data/redis")
    assert where.startswith("(the whole log: ")


def test_debians_redis_cannot_read_what_the_wheels_valkey_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one: the same line, and the folder is untouched, so that the wheel's server goes on with it."""
    with LocalStack(tmp_path / "data", only=("redis",)) as stack:
        redis.Redis.from_url(stack.environment["REDIS_URL"]).set("survivor", "7")
    monkeypatch.setenv("LOCAL_REDIS_SERVER", str(find_tls_program()))
    with (
        pytest.raises(PartFailed, match=r"cannot read .*, which a newer server"),
        LocalStack(tmp_path / "data", only=("redis",)),
    ):
        pass

    monkeypatch.delenv("LOCAL_REDIS_SERVER")
    with LocalStack(tmp_path / "data", only=("redis",)) as stack:
        assert redis.Redis.from_url(stack.environment["REDIS_URL"]).get("survivor") == b"7"


def test_a_database_of_another_version_is_one_line(tmp_path: Path) -> None:
    """What PostgreSQL refuses to open: the line has both versions."""
    with LocalStack(tmp_path / "data", only=("database",)):
        pass
    (tmp_path / "data" / "database" / "PG_VERSION").write_text("17\n")

    with pytest.raises(PartFailed) as failed, LocalStack(tmp_path / "data", only=("database",)):
        pass

    first, _where = str(failed.value).splitlines()
    assert first.startswith(
        f"database did not start: the database in {tmp_path}/data/database was made by PostgreSQL 17"
    )
