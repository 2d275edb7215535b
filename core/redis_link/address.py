"""What `REDIS_URL` means: the one place that reads it. The doorbell and Celery both connect with what it returns, so that a
parameter is in force for both, or refused for both.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_SCHEMES: Mapping[str, Literal["tcp", "tls", "unix"]] = {
    "redis": "tcp",
    "rediss": "tls",
    "unix": "unix",
    "redis+socket": "unix",
}

_DEFAULT_PORT = 6379

#: Seconds; kombu counts in whole ones.
_LONGEST_INTERVAL = 3600


@dataclass(frozen=True)
class RedisAddress:
    """A server, how to connect to it, and as whom."""

    #: By TCP, by TCP with TLS, or by a socket of this machine.
    link: Literal["tcp", "tls", "unix"]
    #: redis-py's arguments for a connection, timeouts and checks included where the address names them.
    arguments: Mapping[str, Any] = field(repr=False)
    #: For logs: without the password.
    shown: str


def parse_redis_url(url: str) -> RedisAddress:
    """Raises ValueError, which names the part that is wrong and never quotes a password."""
    parts = _split(url)
    link = _SCHEMES[parts.scheme]
    query = _read_query(parts.query)
    arguments: dict[str, Any] = {name: _PARAMETERS[name](name, value) for name, value in query.items()}
    _check_what_goes_together(arguments, link)

    for name, value in (("username", parts.username), ("password", parts.password)):
        if value:
            if name in arguments:
                raise ValueError(f"{name}: it stands before the @ and in the query; give it once")
            arguments[name] = unquote(value)

    if link == "unix":
        path = unquote(parts.path)
        if parts.hostname or path in ("", "/"):
            raise ValueError(f"a socket's path follows three slashes: {parts.scheme}:///run/redis/redis.sock")
        arguments["path"] = path
    else:
        arguments |= {"host": unquote(parts.hostname or "127.0.0.1"), "port": _read_port(parts)}
        _set_database(arguments, unquote(parts.path).strip("/"))
    _set_database(arguments, arguments.pop("virtual_host", ""))
    arguments.setdefault("db", 0)

    where = f"//{arguments['path']}" if link == "unix" else f"//{_show_host(arguments['host'])}:{arguments['port']}"
    return RedisAddress(link=link, arguments=arguments, shown=f"{parts.scheme}:{where}/{arguments['db']}")


def _split(url: str) -> SplitResult:
    scheme = url.partition("://")[0].lower()
    if "sentinel" in scheme:
        raise ValueError("Sentinel is not supported: name the server itself, by a name that follows a failover")
    if "cluster" in scheme:
        raise ValueError("a cluster is not supported: name one server, which holds all queues")
    if "://" not in url or scheme not in _SCHEMES:
        raise ValueError("must start with redis://, rediss:// (TLS), unix:// or redis+socket://")
    try:
        parts = urlsplit(scheme + url[len(scheme) :])
    except ValueError:
        raise ValueError("the host in it is none; an IPv6 address stands in [brackets]") from None
    if ";" in parts.netloc or "," in parts.netloc:
        raise ValueError("names several servers; name one")
    if parts.fragment or url.endswith("#"):
        raise ValueError("holds a #: in a password it is written %23")
    return parts


def _read_port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        # The error of the library quotes what may be half of a password.
        port = -1
    if port is not None and not 0 < port < 65_536:  # noqa: PLR2004  (what TCP has)
        raise ValueError("the port is none; a / ? # or @ in a password is written %2F %3F %23 %40")
    return port or _DEFAULT_PORT


def _read_query(text: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in _PARAMETERS:
            raise ValueError(f"{name}: there is no such parameter; there are {', '.join(sorted(_PARAMETERS))}")
        if name in query:
            raise ValueError(f"{name}: it is given twice")
        if not value:
            raise ValueError(f"{name}: it is empty")
        query[name] = value
    return query


def _check_what_goes_together(arguments: Mapping[str, Any], link: str) -> None:
    for name in arguments:
        if name.startswith("ssl_") and link != "tls":
            raise ValueError(f"{name}: it needs TLS, which is rediss://")
        if name == "socket_keepalive" and link == "unix":
            raise ValueError("socket_keepalive: a socket of this machine has none")
        if name == "virtual_host" and link != "unix":
            raise ValueError("virtual_host: the database is db, or the path")
    if "ssl_keyfile" in arguments and "ssl_certfile" not in arguments:
        raise ValueError("ssl_keyfile: it needs ssl_certfile")
    if arguments.get("ssl_cert_reqs") == "none" and arguments.get("ssl_check_hostname"):
        raise ValueError("ssl_check_hostname: there is nothing to check with ssl_cert_reqs=none")


def _set_database(arguments: dict[str, Any], text: str) -> None:
    if not text:
        return
    number = _natural("the database", text)
    if arguments.setdefault("db", number) != number:
        raise ValueError("db: it is given twice, with different values")


def _show_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _natural(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name}: must be a whole number from 0 on")
    return int(text)


def _interval(name: str, text: str) -> int:
    if not 1 <= (seconds := _natural(name, text)) <= _LONGEST_INTERVAL:
        raise ValueError(f"{name}: must be 1 to {_LONGEST_INTERVAL} seconds")
    return seconds


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_INTERVAL:
        raise ValueError(f"{name}: must be a number of seconds, above 0 and at most {_LONGEST_INTERVAL}")
    return seconds


def _yes_or_no(name: str, text: str) -> bool:
    if (word := text.lower()) in ("true", "yes", "1"):
        return True
    if word in ("false", "no", "0"):
        return False
    raise ValueError(f"{name}: must be true or false")


def _verification(name: str, text: str) -> str:
    word = text.lower().removeprefix("cert_")
    if word not in ("none", "optional", "required"):
        raise ValueError(f"{name}: must be none, optional or required")
    return word


def _protocol(name: str, text: str) -> int:
    if text not in ("2", "3"):
        raise ValueError(f"{name}: must be 2 or 3")
    return int(text)


def _file(name: str, text: str) -> str:
    if not Path(text).is_file():
        raise ValueError(f"{name}: there is no file {text}")
    return text


def _folder(name: str, text: str) -> str:
    if not Path(text).is_dir():
        raise ValueError(f"{name}: there is no folder {text}")
    return text


def _tls_version(name: str, text: str) -> ssl.TLSVersion:
    versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
    number = text.lower().removeprefix("tlsv").replace("_", ".")
    if number not in versions:
        raise ValueError(f"{name}: must be 1.2 or 1.3")
    return versions[number]


def _text(_name: str, text: str) -> str:
    return text


#: What the query may hold, and how it is read.
_PARAMETERS: Mapping[str, Callable[[str, str], Any]] = {
    "client_name": _text,
    "db": _natural,
    "health_check_interval": _interval,
    "password": _text,
    "protocol": _protocol,
    "socket_connect_timeout": _seconds,
    "socket_keepalive": _yes_or_no,
    "socket_timeout": _seconds,
    "ssl_ca_certs": _file,
    "ssl_ca_path": _folder,
    "ssl_cert_reqs": _verification,
    "ssl_certfile": _file,
    "ssl_check_hostname": _yes_or_no,
    "ssl_ciphers": _text,
    "ssl_keyfile": _file,
    "ssl_min_version": _tls_version,
    "ssl_password": _text,
    "username": _text,
    "virtual_host": _text,
}
