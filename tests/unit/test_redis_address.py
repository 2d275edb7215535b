"""What `REDIS_URL` may be, and the one line that says what is wrong with it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from core.redis_link.address import parse_redis_url
from core.settings import Settings


@pytest.mark.parametrize(
    ("url", "link", "arguments", "shown"),
    [
        ("redis://", "tcp", {"host": "127.0.0.1", "port": 6379, "db": 0}, "redis://127.0.0.1:6379/0"),
        ("redis://valkey", "tcp", {"host": "valkey", "port": 6379, "db": 0}, "redis://valkey:6379/0"),
        ("redis://[::1]:7000/2", "tcp", {"host": "::1", "port": 7000, "db": 2}, "redis://[::1]:7000/2"),
        (
            "redis://u%40x:p%2Fw%25@h:1/3?db=3",
            "tcp",
            {"host": "h", "port": 1, "db": 3, "username": "u@x", "password": "p/w%"},
            "redis://h:1/3",
        ),
        (
            "rediss://:x@h?ssl_cert_reqs=CERT_OPTIONAL&ssl_check_hostname=No&ssl_min_version=TLSv1_2",
            "tls",
            {
                "host": "h",
                "port": 6379,
                "db": 0,
                "password": "x",
                "ssl_cert_reqs": "optional",
                "ssl_check_hostname": False,
                "ssl_min_version": ssl.TLSVersion.TLSv1_2,
            },
            "rediss://h:6379/0",
        ),
        ("unix:///a%20b/r.sock?db=4", "unix", {"path": "/a b/r.sock", "db": 4}, "unix:///a b/r.sock/4"),
        ("redis+socket:///r?virtual_host=4", "unix", {"path": "/r", "db": 4}, "redis+socket:///r/4"),
        (
            "redis://h/0?socket_timeout=.5&socket_connect_timeout=2&health_check_interval=30&protocol=3&client_name=a%26b",
            "tcp",
            {
                "host": "h",
                "port": 6379,
                "db": 0,
                "socket_timeout": 0.5,
                "socket_connect_timeout": 2.0,
                "health_check_interval": 30,
                "protocol": 3,
                "client_name": "a&b",
            },
            "redis://h:6379/0",
        ),
    ],
)
def test_what_an_address_means(url: str, link: str, arguments: dict[str, Any], shown: str) -> None:
    """Percent-encoding is undone once, and everything has its type."""
    address = parse_redis_url(url)

    assert (address.link, dict(address.arguments), address.shown) == (link, arguments, shown)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must start with redis://, rediss:// (TLS), unix:// or redis+socket://"),
        ("127.0.0.1:6379", "must start with redis://"),
        ("http://h", "must start with redis://"),
        ("amqp://h", "must start with redis://"),
        ("redis:/h", "must start with redis://"),
        ("sentinel://h:26379", "Sentinel is not supported"),
        ("redis+sentinel://h:26379/mymaster", "Sentinel is not supported"),
        ("redis-cluster://h", "a cluster is not supported"),
        ("redis://a:1;redis://b:1", "names several servers"),
        ("redis://a:1,b:2/0", "names several servers"),
        ("redis://:secret/word@h/0", "the port is none"),
        ("redis://:secret#word@h/0", "holds a #"),
        ("redis://h:0/0", "the port is none"),
        ("redis://h:65536", "the port is none"),
        ("redis://h:-1", "the port is none"),
        ("redis://[::1/0", "the host in it is none"),
        ("redis://h/zero", "the database: must be a whole number"),
        ("redis://h/1/2", "the database: must be a whole number"),
        ("redis://h/-1", "the database: must be a whole number"),
        ("redis://h/1?db=2", "db: it is given twice"),
        ("redis://h?db=1&db=1", "db: it is given twice"),
        ("redis://h?db=", "db: it is empty"),
        ("redis://:secret@h?password=secret", "password: it stands before the @ and in the query"),
        ("redis://h?max_connections=10", "max_connections: there is no such parameter"),
        ("redis://h?retry_on_timeout=yes", "retry_on_timeout: there is no such parameter"),
        ("redis://h?ssl=true", "ssl: there is no such parameter"),
        ("redis://h?decode_responses=True", "decode_responses: there is no such parameter"),
        ("redis://h?socket_timeout=0", "socket_timeout: must be a number of seconds"),
        ("redis://h?socket_timeout=-1", "socket_timeout: must be a number of seconds"),
        ("redis://h?socket_timeout=nan", "socket_timeout: must be a number of seconds"),
        ("redis://h?socket_timeout=5s", "socket_timeout: must be a number of seconds"),
        ("redis://h?socket_connect_timeout=None", "socket_connect_timeout: must be a number of seconds"),
        ("redis://h?health_check_interval=0", "health_check_interval: must be 1 to 3600 seconds"),
        ("redis://h?health_check_interval=2.5", "health_check_interval: must be a whole number"),
        ("redis://h?protocol=4", "protocol: must be 2 or 3"),
        ("redis://h?socket_keepalive=perhaps", "socket_keepalive: must be true or false"),
        ("redis://h?virtual_host=1", "virtual_host: the database is db, or the path"),
        ("redis://h?ssl_cert_reqs=none", "ssl_cert_reqs: it needs TLS, which is rediss://"),
        ("unix:///r?ssl_ca_certs=/etc/hosts", "ssl_ca_certs: it needs TLS"),
        ("rediss://h?ssl_cert_reqs=maybe", "ssl_cert_reqs: must be none, optional or required"),
        ("rediss://h?ssl_cert_reqs=", "ssl_cert_reqs: it is empty"),
        ("rediss://h?ssl_ca_certs=/nowhere.pem", "ssl_ca_certs: there is no file /nowhere.pem"),
        ("rediss://h?ssl_ca_path=/nowhere", "ssl_ca_path: there is no folder /nowhere"),
        ("rediss://h?ssl_keyfile=/etc/hosts", "ssl_keyfile: it needs ssl_certfile"),
        ("rediss://h?ssl_min_version=1.1", "ssl_min_version: must be 1.2 or 1.3"),
        ("rediss://h?ssl_cert_reqs=none&ssl_check_hostname=true", "ssl_check_hostname: there is nothing to check"),
        ("unix://", "a socket's path follows three slashes"),
        ("unix://run/redis.sock", "a socket's path follows three slashes"),
        ("redis+socket:///", "a socket's path follows three slashes"),
        ("unix:///r?socket_keepalive=yes", "socket_keepalive: a socket of this machine has none"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(url: str, reason: str) -> None:
    """When the settings are read, in one line, which holds no part of a password."""
    with pytest.raises(ValidationError) as refused:
        Settings(api_key_pepper=SecretStr("sixteen characters"), redis_url=url)

    [error] = refused.value.errors()
    assert error["loc"] == ("redis_url",)
    assert f"be an address that Darkroom can use: {reason}" in error["msg"]
    assert "\n" not in error["msg"]
    assert "secret" not in error["msg"]


def test_files_of_tls_are_looked_for(tmp_path: Path) -> None:
    """A file that is there passes."""
    file = tmp_path / "ca.pem"
    file.touch()
    arguments = parse_redis_url(f"rediss://h?ssl_ca_certs={file}&ssl_ca_path={tmp_path}").arguments

    assert (arguments["ssl_ca_certs"], arguments["ssl_ca_path"]) == (str(file), str(tmp_path))
