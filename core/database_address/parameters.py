"""Check the parameters of a connection, so that each of them is in force or refused by name."""

from __future__ import annotations

import re

from psycopg import pq
from psycopg.conninfo import make_conninfo

#: Those that libpq knows, and "ssl", by which it understands "sslmode=require".
KNOWN = frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults()) | {"ssl"}

#: Values with which Darkroom works, of parameters for which it does not work with every one.
_ALLOWED = {
    "client_encoding": {"utf8", "utf-8", "unicode"},
    "replication": {"false", "off", "no", "0"},
    "target_session_attrs": {"any", "primary", "read-write"},
}

_NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "sslsni",
    "tcp_user_timeout",
)

#: With them, an attempt to connect ends at once; they are not checked by libpq.
_NOWHERE = {"host": "/nowhere", "port": "1", "hostaddr": "", "user": "nobody", "password": "", "dbname": "none"}


def check_parameters(parameters: dict[str, str]) -> None:
    """Raises ValueError, in one line without the password, for a parameter with which no connection can be made, or none
    that Darkroom works with.
    """
    if "service" in parameters:
        raise ValueError('"service" does not work: what its file says would not be in force; write it into the address')
    for name, allowed in _ALLOWED.items():
        text = parameters.get(name)
        if text is not None and text.lower() not in allowed:
            raise ValueError(f'"{name}={text}" does not work: Darkroom needs {" or ".join(sorted(allowed))}')
    for name in _NUMBERS:
        if not re.fullmatch(r"[0-9]{1,9}", parameters.get(name, "0")):
            raise ValueError(f'"{name}" must be a number')
    _check_hosts(parameters)
    _ask_libpq(parameters)


def _check_hosts(parameters: dict[str, str]) -> None:
    ports = parameters.get("port", "").split(",")
    if not all(re.fullmatch(r"[0-9]{0,5}", port) and int(port or 1) in range(1, 65_536) for port in ports):
        # It is not quoted: it may be a part of a password that holds a "/" or "@".
        raise ValueError(
            '"port" must be a number of 1 to 65535 (write "/", "@" and ":" in a password as %2F, %40 and %3A)'
        )
    # If both stand there, the addresses are what is connected to, and the hosts are their names.
    hosts = (parameters.get("hostaddr") or parameters.get("host", "")).split(",")
    if len(ports) not in (1, len(hosts)):
        raise ValueError(f'"port" names {len(ports)} ports for {len(hosts)} hosts: one for each, or one for all')
    names = [host for host in parameters.get("host", "").split(",") if not host.startswith(("/", "@"))]
    if any(host.count(":") == 1 for host in names):
        raise ValueError('"host" names hosts alone: the ports stand in "port", with commas between them')
    if any("@" in host for host in names):
        raise ValueError('"host" holds an "@": one in a user or a password is written as %40')


def _ask_libpq(parameters: dict[str, str]) -> None:
    # It checks the values of all others (sslmode, gssencmode and so on) before it connects.
    started = pq.PGconn.connect_start(make_conninfo("", **(parameters | _NOWHERE)).encode())
    message = started.error_message.decode(errors="replace").strip().partition("\n")[0]
    started.finish()
    if message and "connection to server" not in message:
        raise ValueError(message)
