"""Redis: whether it can be reached and written, and keeps the rings until they are heard."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import redis

from admin.doctor.finding import Area, Finding, find_advice, in_one_line
from core.ids import new_id
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client
from core.settings import Settings

_SECONDS = 3.0

#: What is worth a try, by the first two numbers of its version.
_OLDEST = (6, 2)

#: Of maxmemory, in percent.
_FULL = 90

_ADVICE = {
    "wrongpass": "Correct the user and the password in REDIS_URL",
    "invalid username-password": "Correct the user and the password in REDIS_URL",
    "authentication required": "Put the password into REDIS_URL: redis://:PASSWORD@HOST",
    "client already authenticated": "Put the password into REDIS_URL: redis://:PASSWORD@HOST",
    "noauth": "Put the password into REDIS_URL: redis://:PASSWORD@HOST",
    "without any password configured": "Take the password out of REDIS_URL, or set one in the server",
    "connection refused": "Start Redis, or correct the host and the port in REDIS_URL",
    "name or service": "Correct the host in REDIS_URL",
    "name resolution": "Correct the host in REDIS_URL",
    "certificate": "Give this machine the authority that signed the server's certificate (ssl_ca_certs in REDIS_URL)",
    "ssl": "Use redis:// for a server without TLS, and rediss:// for one with it",
    "timeout": "See whether a firewall drops what is sent to the host and the port in REDIS_URL, and whether the server "
    "speaks TLS if that begins with rediss://",
    "db index": "Correct the number at the end of REDIS_URL",
    "no permissions": "Allow the user every command on every key (ACL SETUSER … ~* +@all)",
    "read only replica": "Let REDIS_URL name the primary, or end the failover",
    "maxmemory": "Raise maxmemory, or empty what else is in there",
    "misconf": "See why the server cannot save its snapshot: it refuses writes until it can",
    "loading": "Wait until the server has read its file",
}

_redis = Area("redis")


def check_redis(settings: Settings) -> Iterator[Finding]:
    """What our processes meet when they connect, and what the server says of itself."""
    try:
        client = connect(settings)
        client.ping()
        yield _redis.ok("connection", "it answers")
        yield _check_encryption(client)
        yield _check_writes(client)
        information: dict[str, Any] = client.info()
    except (redis.RedisError, OSError) as error:
        reason = in_one_line(error)
        yield _redis.error(
            "connection", reason, find_advice(reason, _ADVICE, "Correct REDIS_URL, or what the server says")
        )
        return
    yield _check_version(information)
    yield _check_memory(information)
    yield _check_persistence(information)


def connect(settings: Settings) -> redis.Redis:
    """A client that tries once, for a short time, and understands the address as every process does."""
    return bounded_client(parse_redis_url(settings.redis_url), command_seconds=_SECONDS)


def _check_encryption(client: redis.Redis) -> Finding:
    options = client.connection_pool.connection_kwargs
    if issubclass(client.connection_pool.connection_class, redis.SSLConnection):
        if options.get("ssl_cert_reqs") in {"none", "CERT_NONE", ssl.CERT_NONE}:
            todo = "Take ssl_cert_reqs=none out of REDIS_URL, and name the authority in ssl_ca_certs"
            return _redis.warning("encryption", "TLS, but the server's certificate is not verified", todo)
        return _redis.ok("encryption", "TLS, with the server's certificate verified")
    if "host" in options and _is_public(options["host"]):
        todo = "Use rediss:// and a server with TLS"
        return _redis.warning("encryption", "none, and the server is outside of the private network", todo)
    return _redis.ok("encryption", "none, in a private network")


def _is_public(host: str) -> bool:
    with suppress(OSError):
        return any(ipaddress.ip_address(found[4][0]).is_global for found in socket.getaddrinfo(host, None))
    return False


def _check_writes(client: redis.Redis) -> Finding:
    key = f"darkroom:doctor:{new_id()}"
    try:
        client.lpush(key, "a ring")
        client.expire(key, 60)
        client.delete(key)
    except redis.RedisError as error:
        reason = in_one_line(error)
        return _redis.error("writes", reason, find_advice(reason, _ADVICE, "Correct what the server says"))
    return _redis.ok("writes", "a list can be written")


def _check_version(information: dict[str, Any]) -> Finding:
    name = "Valkey" if "valkey_version" in information else "Redis"
    version = str(information.get("valkey_version") or information.get("redis_version"))
    with suppress(ValueError):
        if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
            return _redis.warning("version", f"{name} {version}", "Upgrade it: Darkroom is tested with Valkey 9")
    return _redis.ok("version", f"{name} {version}")


def _check_memory(information: dict[str, Any]) -> Finding:
    policy, most = str(information.get("maxmemory_policy")), int(information.get("maxmemory") or 0)
    used = int(information.get("used_memory") or 0)
    share = f"{used / 2**20:.0f} MiB in use" + (f" of {most / 2**20:.0f}" if most else "")
    if policy.startswith("allkeys-"):
        todo = "Set maxmemory-policy noeviction: a ring that is evicted is only heard again after a sweep"
        return _redis.warning("memory", f"{policy}: the server throws keys away when it is full ({share})", todo)
    if most and used * 100 > most * _FULL:
        return _redis.warning("memory", f"nearly full: {share}", "Raise maxmemory, or empty what else is in there")
    return _redis.ok("memory", f"{policy}, {share}")


def _check_persistence(information: dict[str, Any]) -> Finding:
    if (
        information.get("rdb_last_bgsave_status", "ok") != "ok"
        or information.get("aof_last_write_status", "ok") != "ok"
    ):
        todo = "See the server's log: its disk is probably full"
        return _redis.warning("persistence", "the server could not write its file the last time", todo)
    if information.get("aof_enabled"):
        return _redis.ok("persistence", "append-only file")
    return _redis.ok("persistence", "snapshots or none, which is enough: sweeps ring again for every job that waits")
