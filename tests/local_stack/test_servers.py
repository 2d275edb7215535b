"""The three servers do what Darkroom needs of them, and come back when they are killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
import redis
from botocore.exceptions import ClientError
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.local import LocalStack, PartState

Query = Callable[..., list[tuple[Any, ...]]]
ConnectS3 = Callable[[Mapping[str, str]], Any]


@pytest.fixture
def client(servers: LocalStack) -> redis.Redis:
    """A Redis client of the stack."""
    return redis.Redis.from_url(servers.environment["REDIS_URL"])


def test_the_database_is_postgres_18_in_utf8_and_migrated(servers: LocalStack, query: Query) -> None:
    """The database is PostgreSQL 18 with UTF-8, and has the newest schema."""
    version, encoding = query(
        servers.environment, "select current_setting('server_version'), current_setting('server_encoding')"
    )[0]

    assert (version.split(".")[0], encoding) == ("18", "UTF8")
    assert query(servers.environment, "select count(*) from alembic_version") == [(1,)]


def test_the_database_asks_for_the_password(servers: LocalStack) -> None:
    """Other users of the machine cannot use the database without its password."""
    url = servers.environment["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
    address = url.partition("@")[2]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://darkroom:guess@{address}")


def test_redis_never_drops_a_key_and_keeps_a_file(client: redis.Redis) -> None:
    """Redis evicts nothing, and writes what it knows to its append-only file."""
    settings = client.config_get("maxmemory-policy", "appendonly", "appendfsync")

    assert settings == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}


def test_redis_asks_for_the_password(servers: LocalStack) -> None:
    """Other users of the machine cannot use Redis without its password."""
    port = int(servers.environment["REDIS_URL"].rpartition(":")[2].partition("/")[0])

    with redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_an_object_is_there_as_soon_as_it_is_put(servers: LocalStack, connect_s3: ConnectS3) -> None:
    """What one client puts, another can list and get at once, with its type; and what it deletes is gone."""
    ours, theirs = connect_s3(servers.environment), connect_s3(servers.environment)
    place = {"Bucket": servers.environment["S3_BUCKET"], "Key": "artifacts/job_1/1/0.png"}

    ours.put_object(**place, Body=b"pixels", ContentType="image/png")
    got = theirs.get_object(**place)

    assert (got["Body"].read(), got["ContentType"]) == (b"pixels", "image/png")
    listed = theirs.list_objects_v2(Bucket=place["Bucket"], Prefix="artifacts/job_1/")
    assert [each["Key"] for each in listed["Contents"]] == [place["Key"]]

    ours.delete_object(**place)
    with pytest.raises(ClientError, match="404"):
        theirs.head_object(**place)


def test_a_presigned_address_needs_no_key_and_cannot_be_changed(servers: LocalStack, connect_s3: ConnectS3) -> None:
    """A presigned address gives the object; without its signature, or with another key in it, it gives nothing."""
    client = connect_s3(servers.environment)
    bucket = servers.environment["S3_BUCKET"]
    client.put_object(Bucket=bucket, Key="presigned/a.png", Body=b"a")
    client.put_object(Bucket=bucket, Key="presigned/b.png", Body=b"b")

    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "presigned/a.png"}, ExpiresIn=60)

    assert httpx2.get(url).content == b"a"
    assert httpx2.get(url.partition("?")[0]).is_client_error
    assert httpx2.get(url.replace("a.png", "b.png")).is_client_error


def test_everything_listens_on_loopback_only(servers: LocalStack) -> None:
    """No server can be reached from another machine."""
    listening = [
        connection.laddr.ip
        for part in servers.parts
        if part.is_running
        for connection in psutil.Process(part.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]

    assert listening == ["127.0.0.1"] * 3


def test_a_killed_database_comes_back_with_its_rows(servers: LocalStack, query: Query) -> None:
    """PostgreSQL killed without warning is back on the same address, and has lost nothing that was committed."""
    query(servers.environment, "create table survivors as select 7 as number")
    database = servers.part("database")

    database.kill()
    assert database.state is PartState.STOPPED
    with pytest.raises(psycopg.OperationalError):
        query(servers.environment, "select 1")
    database.start()
    database.wait_until_ready()

    assert query(servers.environment, "select number from survivors") == [(7,)]


def test_a_killed_redis_comes_back_with_its_keys(servers: LocalStack, client: redis.Redis) -> None:
    """Redis killed without warning is back on the same address with its keys."""
    client.set("survivor", "7")

    servers.part("redis").kill()
    with pytest.raises(redis.ConnectionError):
        client.get("survivor")
    servers.part("redis").start()
    servers.part("redis").wait_until_ready()

    assert client.get("survivor") == b"7"


def test_restarted_storage_has_its_objects(servers: LocalStack, connect_s3: ConnectS3) -> None:
    """Objects, their checksums and their types are there after a restart of the store."""
    client = connect_s3(servers.environment)
    place = {"Bucket": servers.environment["S3_BUCKET"], "Key": "restart/0.webp"}
    client.put_object(**place, Body=b"pixels", ContentType="image/webp")
    before = client.head_object(**place)

    servers.part("storage").restart()
    after = client.head_object(**place)

    assert (after["ETag"], after["ContentType"]) == (before["ETag"], "image/webp")


def test_a_paused_part_goes_on_where_it_was(servers: LocalStack) -> None:
    """A frozen server does not answer; once resumed, it does."""
    impatient = redis.Redis.from_url(servers.environment["REDIS_URL"], socket_timeout=0.2, retry=Retry(NoBackoff(), 0))

    servers.part("redis").pause()
    with pytest.raises(redis.TimeoutError):
        impatient.ping()
    servers.part("redis").resume()

    assert impatient.ping()


def test_two_stacks_stand_side_by_side(servers: LocalStack) -> None:
    """A second stack has its own servers, addresses and secrets."""
    with LocalStack(only=("redis", "storage")) as other:
        shared = {
            name
            for name in ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL", "PUBLIC_URL", "API_KEY_PEPPER")
            if other.environment[name] == servers.environment[name]
        }
        assert not shared
        assert redis.Redis.from_url(other.environment["REDIS_URL"]).ping()
        assert redis.Redis.from_url(servers.environment["REDIS_URL"]).ping()


def test_a_server_that_was_not_asked_for_is_nowhere() -> None:
    """With `only`, the address of a server that was not asked for leads to nobody."""
    with LocalStack(only=("storage",)) as stack:
        assert [part.name for part in stack.parts] == ["storage"]
        with pytest.raises(redis.ConnectionError):
            redis.Redis.from_url(stack.environment["REDIS_URL"], retry=Retry(NoBackoff(), 0)).ping()
