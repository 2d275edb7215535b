"""What a data folder keeps, and what a stack leaves alone outside it."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from infra.local import DataFolderInUse, LocalStack
from infra.local.servers.postgres_programs import get_program
from infra.local.servers.server import SERVERS

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that is not there yet, in a folder that only its owner may enter."""
    parent = tmp_path / "private"
    parent.mkdir(mode=0o700)
    return parent / "data"


@pytest.fixture
def bystander() -> Iterator[int]:
    """The process id of a living process of ours that has nothing to do with any stack."""
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_second_start_finds_everything_again(data: Path, query: Query, connect_s3: Callable[..., Any]) -> None:
    """Rows, keys, objects and secrets are there when the stack is started again on the same folder."""
    with LocalStack(data, only=SERVERS, durable=False) as first:
        query(first.environment, "create table survivors as select 7 as number")
        redis.Redis.from_url(first.environment["REDIS_URL"]).set("survivor", "7")
        connect_s3(first.environment).put_object(Bucket="darkroom", Key="survivor", Body=b"7")

    with LocalStack(data, only=SERVERS, durable=False) as second:
        assert query(second.environment, "select number from survivors") == [(7,)]
        assert redis.Redis.from_url(second.environment["REDIS_URL"]).get("survivor") == b"7"
        assert connect_s3(second.environment).get_object(Bucket="darkroom", Key="survivor")["Body"].read() == b"7"
        assert second.environment["API_KEY_PEPPER"] == first.environment["API_KEY_PEPPER"]


def test_a_second_stack_on_the_same_folder_is_refused(data: Path) -> None:
    """While a stack uses a folder, another one is refused with its process id; afterwards the folder is free."""
    with (
        LocalStack(data, only=("redis",)),
        pytest.raises(DataFolderInUse, match=f"process {os.getpid()}"),
        LocalStack(data, only=("redis",)),
    ):
        pytest.fail("two stacks run on one folder")

    with LocalStack(data, only=("redis",)) as later:
        assert later.part("redis").is_running


def test_a_stale_pid_file_is_survived(data: Path, query: Query, bystander: int) -> None:
    """A pid file left by a power cut does not matter, whether it is empty or its number now belongs to another process."""
    with LocalStack(data, only=("database",), durable=False) as stack:
        database, pid_file = stack.part("database"), data / "database" / "postmaster.pid"
        number, _, others = pid_file.read_text().partition("\n")

        for left_behind in ("", f"{number}\n{others}", f"{bystander}\n{others}"):
            database.kill()
            pid_file.write_text(left_behind)
            database.start()
            database.wait_until_ready()

            assert query(stack.environment, "select 1") == [(1,)]
            assert psutil.pid_exists(bystander)


def test_nothing_outside_the_folder_is_touched(data: Path) -> None:
    """No system user is made, and no owner or permission changes outside the data folder."""
    before = _look_around(data)

    with LocalStack(data, only=SERVERS, durable=False):
        pass

    assert _look_around(data) == before


def test_secrets_are_for_their_owner_only(data: Path) -> None:
    """The data folder, and the secrets in it, can be read by nobody else."""
    with LocalStack(data, only=("redis",)):
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "credentials.json").stat().st_mode) == 0o600


def test_secrets_are_not_shown_in_the_list_of_processes(servers: LocalStack) -> None:
    """No server is given a secret as an argument, where every user of the machine can read it."""
    secrets = [
        servers.environment["S3_SECRET_ACCESS_KEY"],
        servers.environment["REDIS_URL"].split("@")[0].split(":")[2],
    ]
    arguments = " ".join(
        argument for part in servers.parts if part.is_running for argument in psutil.Process(part.pid).cmdline()
    )

    assert not [secret for secret in secrets if secret in arguments]


def test_a_throw_away_folder_is_deleted() -> None:
    """Without a data folder nothing is left on the disk."""
    with LocalStack(only=("redis",)) as stack:
        folder = stack.data_folder.path
        assert folder.is_dir()

    assert not folder.exists()


def test_the_folder_of_a_killed_stack_is_deleted_by_a_later_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A temporary folder that no stack uses is deleted once it is old; one in use, or young, is left alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    long_ago = time.time() - 3600
    with LocalStack(only=("redis",)) as running:
        for name, changed_at in (("darkroom-old", long_ago), ("darkroom-young", time.time())):
            (tmp_path / name).mkdir()
            (tmp_path / name / "lock").touch()
            os.utime(tmp_path / name / "lock", (changed_at, changed_at))
        os.utime(running.data_folder.path / "lock", (long_ago, long_ago))

        with LocalStack(only=("redis",)):
            assert not (tmp_path / "darkroom-old").exists()
            assert (tmp_path / "darkroom-young").exists()
            assert running.data_folder.path.exists()


def _look_around(data: Path) -> dict[str, Any]:
    programs = get_program("postgres")
    watched = [*data.parents, *programs.parents, programs, Path.home(), Path(tempfile.gettempdir())]
    return {
        "users": [Path("/etc/passwd").read_text(), Path("/etc/group").read_text()],
        "owners and permissions": {
            path: (status.st_mode, status.st_uid, status.st_gid) for path in watched for status in [path.stat()]
        },
    }
