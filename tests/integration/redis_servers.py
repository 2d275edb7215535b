"""Redis servers as people have them: by TCP with a password, by a socket, and with TLS."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import trustme

from infra.local.ports import LOOPBACK
from infra.local.servers.valkey import get_server_program

#: With everything that has to be percent-encoded.
PASSWORD = "p@ss/w:rd?#%41 é"
ENCODED = "p%40ss%2Fw%3Ard%3F%23%2541%20%C3%A9"


@dataclass(frozen=True)
class PlainServer:
    """One Valkey that listens on a port and on a socket."""

    port: int
    path: Path

    def connect(self, database: int = 0) -> redis.Redis:
        """A client beside those that are tested."""
        return redis.Redis(host=LOOPBACK, port=self.port, password=PASSWORD, db=database)


@dataclass(frozen=True)
class TlsServer:
    """One Redis that speaks TLS alone, and asks clients for a certificate but takes those without one."""

    port: int
    #: The authority that signed its certificate, which is for localhost and 127.0.0.1.
    authority: Path
    #: An authority that signed nothing.
    other_authority: Path
    client_certificate: Path
    client_key: Path


@contextmanager
def plain_server(folder: Path) -> Iterator[PlainServer]:
    """A Valkey of the wheel, with a password, and a user of the same password."""
    server = PlainServer(_find_port(), folder / "redis.sock")
    configuration = [
        f"bind {LOOPBACK}",
        f"port {server.port}",
        f"unixsocket {server.path}",
        'save ""',
        f'requirepass "{PASSWORD}"',
        f'user "app@tenant" on ~* &* +@all ">{PASSWORD}"',
    ]
    with _running(get_server_program(), configuration, folder), server.connect() as client:
        _wait_for(client)
        yield server


@contextmanager
def tls_server(folder: Path) -> Iterator[TlsServer]:
    """Debian's Redis: the wheel's Valkey has no TLS. Without it the test is skipped, and fails in CI."""
    program = find_tls_program()
    authority, other = trustme.CA(), trustme.CA()
    certificate, client = authority.issue_cert("localhost", LOOPBACK), authority.issue_cert("client")
    files = {name: folder / f"{name}.pem" for name in ("ca", "other", "server", "key", "client", "client-key")}
    authority.cert_pem.write_to_path(files["ca"])
    other.cert_pem.write_to_path(files["other"])
    certificate.cert_chain_pems[0].write_to_path(files["server"])
    certificate.private_key_pem.write_to_path(files["key"])
    client.cert_chain_pems[0].write_to_path(files["client"])
    client.private_key_pem.write_to_path(files["client-key"])
    server = TlsServer(_find_port(), files["ca"], files["other"], files["client"], files["client-key"])
    configuration = [
        f"bind {LOOPBACK} 127.0.0.2",
        "port 0",
        f"tls-port {server.port}",
        f"tls-cert-file {files['server']}",
        f"tls-key-file {files['key']}",
        f"tls-ca-cert-file {files['ca']}",
        "tls-auth-clients optional",
        'save ""',
    ]
    with (
        _running(program, configuration, folder),
        redis.Redis(host=LOOPBACK, port=server.port, ssl=True, ssl_ca_certs=str(server.authority)) as connection,
    ):
        _wait_for(connection)
        yield server


def find_tls_program() -> Path:
    """A Redis or Valkey of this machine; CI installs one."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    if os.environ.get("CI"):
        pytest.fail("CI has no redis-server: .ci/run installs it")
    pytest.skip("no Redis with TLS: install Debian's package redis-server")


def _find_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def _running(program: Path, configuration: list[str], folder: Path) -> Iterator[None]:
    (folder / "redis.conf").write_text("\n".join(configuration))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "redis.conf"], cwd=folder, stdout=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _wait_for(client: redis.Redis) -> None:
    give_up_at = time.monotonic() + 20
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)
        else:
            return
