"""Root folders of Debian, made by debootstrap from the mirror that this machine's apt uses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SCRIPTS = Path("/usr/share/debootstrap/scripts")


@dataclass(frozen=True)
class Root:
    """One root folder: its Debian release and what is installed besides the smallest system."""

    name: str
    suite: str
    packages: tuple[str, ...]


#: The machine that docs/deployment.md speaks of: Docker's engine with Compose and buildx, and what the commands there call.
MACHINE = Root(
    "machine",
    "trixie",
    (
        *("docker.io", "docker-cli", "docker-compose", "docker-buildx", "iptables", "iproute2"),
        *("ca-certificates", "curl", "git", "openssl"),
    ),
)
#: Under the stand-in for the Python image: the Debian that has this Python.
PYTHON = Root("python", "bookworm", ("python3", "ca-certificates", "netbase", "tzdata"))
#: Under the stand-ins for PostgreSQL, Valkey and SeaweedFS: the Debian that has these versions.
SERVERS = Root("servers", "forky", ("postgresql-18", "valkey-server", "busybox", "ca-certificates"))

ROOTS = (MACHINE, PYTHON, SERVERS)


def make_root(root: Root, folder: Path) -> Path:
    """The root folder; one that is complete from an earlier run is taken as it is. Raises CalledProcessError."""
    target, finished = folder / root.name, folder / f"{root.name}.finished"
    if finished.exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{root.name}.log"
    # A release that is younger than this machine's debootstrap is made as the newest one that it knows.
    script = [] if (_SCRIPTS / root.suite).exists() else [str(_SCRIPTS / "sid")]
    packages = ",".join(root.packages)
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={packages}",
        root.suite,
        str(target),
        _find_mirror(),
        *script,
    ]
    with log.open("wb") as output:
        result = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        sys.exit(f"debootstrap failed: {log} ends in\n{os.linesep.join(log.read_text().splitlines()[-10:])}")
    shutil.rmtree(target / "var/cache/apt/archives", ignore_errors=True)
    finished.touch()
    return target


def _find_mirror() -> str:
    """The first address that apt is told to take packages of Debian from."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for text in (path.read_text() for path in files if path.is_file()):
        for address in re.findall(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(https?://\S+)", text, re.MULTILINE):
            if address.rstrip("/").endswith("/debian"):
                return str(address)
    sys.exit("no mirror of Debian stands in /etc/apt/sources.list or /etc/apt/sources.list.d")
