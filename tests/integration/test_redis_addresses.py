"""Each spelling of `REDIS_URL` means the same to the doorbell, to the previews and to Celery, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from celery import Celery

from core.doorbell import Doorbell
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client
from tests.integration.redis_servers import ENCODED, PlainServer, TlsServer, plain_server, tls_server
from worker.broker import Broker, broker_settings

TASK = "render_next"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainServer]:
    """A server by TCP and by a socket."""
    with plain_server(tmp_path_factory.mktemp("plain")) as server:
        yield server


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    """A server with TLS."""
    with tls_server(tmp_path_factory.mktemp("tls")) as server:
        yield server


def heard_by_celery(url: str) -> bool:
    """Whether a ring arrives: Celery's own reader takes what the doorbell put in, and what Celery put in."""
    queue = f"test.{uuid4().hex}"
    with Celery(set_as_current=False, amqp=Broker) as celery:
        celery.conf.update(broker_settings(url, socket_timeout=5))
        with celery.connection_for_read() as connection:
            try:
                connection.connect()
            except (*connection.connection_errors, *connection.channel_errors):
                return False
            assert rings(url, queue)
            celery.send_task(TASK, queue=queue, connection=connection, ignore_result=True)
            reader = connection.SimpleQueue(queue)
            heard = [reader.get(timeout=5) for _ in range(2)]
            reader.queue.delete()
    assert [message.headers["task"] for message in heard] == [TASK] * 2
    return True


def rings(url: str, queue: str = "test") -> bool:
    """Whether the doorbell says that it rings, and does."""
    with closing(Doorbell(url)) as doorbell:
        can_ring = doorbell.can_ring()
    # Another one, which is not silent after a failure.
    with closing(Doorbell(url)) as doorbell:
        assert doorbell.ring(queue, TASK) is can_ring
    return can_ring


@pytest.mark.parametrize(
    ("address", "database"),
    [
        ("redis://:{password}@127.0.0.1:{port}/3", 3),
        ("redis://default:{password}@127.0.0.1:{port}?db=4", 4),
        ("redis://app%40tenant:{password}@localhost:{port}", 0),
        ("redis://127.0.0.1:{port}/5?username=app%40tenant&password={password}", 5),
        ("REDIS://:{password}@127.0.0.1:{port}/3?protocol=3&socket_keepalive=no", 3),
        ("redis://:{password}@127.0.0.1:{port}/3?protocol=2&client_name=darkroom", 3),
        ("redis://:{password}@127.0.0.1:{port}?socket_timeout=2&socket_connect_timeout=1.5&health_check_interval=9", 0),
        ("unix://:{password}@{path}?db=6", 6),
        ("unix://app%40tenant:{password}@{path}", 0),
        ("redis+socket://:{password}@{path}?virtual_host=7", 7),
        ("redis+socket://{path}?db=8&password={password}&socket_timeout=2", 8),
    ],
)
def test_a_ring_is_heard(plain: PlainServer, address: str, database: int) -> None:
    """By TCP and by a socket, whoever the user is: in the database that the address names."""
    url = address.format(port=plain.port, path=plain.path, password=ENCODED)

    assert heard_by_celery(url)
    queue = f"test.{uuid4().hex}"
    assert rings(url, queue)
    with plain.connect(database) as client:
        assert client.llen(queue) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "redis://127.0.0.1:{port}/0",
        "redis://:wrong@127.0.0.1:{port}/0",
        "redis://nobody:{password}@127.0.0.1:{port}/0",
        "redis://:{password}@127.0.0.1:{port}/99",
        "redis://:{password}@127.0.0.1:1/0",
        "rediss://:{password}@127.0.0.1:{port}/0",
        "unix://:{password}@{path}.other",
    ],
)
def test_what_one_cannot_use_the_other_cannot(plain: PlainServer, address: str) -> None:
    """Without the password, with a wrong one, for a database that is not there: neither of the two connects."""
    url = address.format(port=plain.port, path=plain.path, password=ENCODED)

    assert (heard_by_celery(url), rings(url)) == (False, False)


@pytest.mark.parametrize(
    ("query", "does_connect"),
    [
        ("?ssl_cert_reqs=CERT_NONE", True),
        ("?ssl_cert_reqs=none", True),
        ("?ssl_cert_reqs=None&ssl_check_hostname=false", True),
        ("?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={authority}", True),
        ("?ssl_cert_reqs=required&ssl_ca_certs={authority}", True),
        ("?ssl_cert_reqs=CERT_OPTIONAL&ssl_ca_certs={authority}", True),
        ("?ssl_ca_certs={authority}", True),
        ("?ssl_ca_certs={authority}&ssl_certfile={certificate}&ssl_keyfile={key}", True),
        ("?ssl_ca_certs={authority}&ssl_min_version=TLSv1.3", True),
        ("?ssl_ca_certs={authority}&protocol=3&socket_timeout=2", True),
        ("", False),
        ("?ssl_cert_reqs=required", False),
        ("?ssl_cert_reqs=CERT_OPTIONAL", False),
        ("?ssl_ca_certs={other}", False),
        ("?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={other}", False),
    ],
)
def test_tls_is_verified_by_both_or_by_neither(tls: TlsServer, query: str, does_connect: bool) -> None:
    """The server's certificate is verified unless the address says that it is not to be."""
    url = "rediss://localhost:{port}/0" + query
    url = url.format(
        port=tls.port,
        authority=tls.authority,
        other=tls.other_authority,
        certificate=tls.client_certificate,
        key=tls.client_key,
    )

    assert (heard_by_celery(url), rings(url)) == (does_connect, does_connect)


@pytest.mark.parametrize(
    ("query", "does_connect"),
    [("", False), ("&ssl_check_hostname=true", False), ("&ssl_check_hostname=false", True)],
)
def test_the_name_in_the_certificate_is_checked(tls: TlsServer, query: str, does_connect: bool) -> None:
    """It is valid for localhost and 127.0.0.1, and not for 127.0.0.2, where the server answers as well."""
    url = f"rediss://127.0.0.2:{tls.port}/0?ssl_ca_certs={tls.authority}{query}"

    assert (heard_by_celery(url), rings(url)) == (does_connect, does_connect)


def test_a_plain_client_of_a_tls_server_hears_nothing(tls: TlsServer) -> None:
    """redis:// where the server wants rediss://: both fail, none hangs."""
    url = f"redis://localhost:{tls.port}/0"

    assert (heard_by_celery(url), rings(url)) == (False, False)


def test_every_client_says_what_the_address_says(plain: PlainServer) -> None:
    """Name, user, database and protocol arrive at the server from the doorbell, from Celery and from the previews alike."""
    query = "client_name=darkroom-test&protocol=3"
    url = f"redis://app%40tenant:{ENCODED}@127.0.0.1:{plain.port}/5?{query}"
    previews = bounded_client(parse_redis_url(url), command_seconds=1)
    with closing(Doorbell(url)) as doorbell, previews, Celery(set_as_current=False, amqp=Broker) as celery:
        assert doorbell.can_ring()
        assert previews.ping()
        celery.conf.update(broker_settings(url, socket_timeout=5))
        with celery.connection_for_read() as connection, plain.connect() as client:
            connection.default_channel.client.ping()
            listed = [each for each in client.client_list() if each["name"] == "darkroom-test"]
            pool = connection.default_channel.pool

    assert len(listed) >= 3
    assert {(each["user"], each["db"], each["resp"]) for each in listed} == {("app@tenant", "5", "3")}
    assert pool.connection_kwargs["socket_timeout"] == 5


@pytest.mark.parametrize("link", ["redis://:{password}@127.0.0.1:{port}/0", "unix://:{password}@{path}"])
def test_timeouts_and_checks_of_the_address_are_in_force(plain: PlainServer, link: str) -> None:
    """They go before what each client has by itself."""
    url = link.format(port=plain.port, path=plain.path, password=ENCODED)
    url += "?socket_timeout=2.5&socket_connect_timeout=1.5&health_check_interval=9"
    client = bounded_client(parse_redis_url(url), command_seconds=0.4)
    with Celery(set_as_current=False, amqp=Broker) as celery:
        celery.conf.update(broker_settings(url, socket_timeout=5))
        with celery.connection_for_read() as connection:
            channel = connection.default_channel
            links = [
                client.connection_pool.make_connection(),
                channel.pool.make_connection(),
                channel.async_pool.make_connection(),
            ]
            assert channel.health_check_interval == 9

    for each in links:
        found = (each.socket_timeout, each.socket_connect_timeout, each.health_check_interval)
        assert found == (2.5, 1.5, 9)


def test_errors_and_logs_do_not_show_the_password(plain: PlainServer) -> None:
    """What Celery says when it cannot connect names the server alone."""
    url = f"redis://:{ENCODED}@127.0.0.1:{plain.port}/3"
    with Celery(set_as_current=False, amqp=Broker) as celery:
        celery.conf.update(broker_settings(url, socket_timeout=5))
        with celery.connection_for_read() as connection:
            assert connection.as_uri() == f"redis://127.0.0.1:{plain.port}/3"
    assert "p%40" not in repr(parse_redis_url(url))
    assert "p@ss" not in repr(parse_redis_url(url))


def test_a_read_only_server_does_not_count_as_one_that_rings(tmp_path: Path) -> None:
    """After a failover that the client has not heard of, PING is answered and no ring arrives."""
    with plain_server(tmp_path) as server, server.connect() as client:
        url = f"redis://:{ENCODED}@127.0.0.1:{server.port}/0"
        assert rings(url)
        client.replicaof(*("127.0.0.1", "1"))
        assert not rings(url)
        client.replicaof(*("NO", "ONE"))
        client.config_set("maxmemory", 1)
        assert not rings(url)
