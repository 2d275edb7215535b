"""`python -m tests.containers`: make what the machine is made of, run the story in namespaces of its own, and clean up."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.containers.checkout import Checkout
from tests.containers.inside import run_inside
from tests.containers.machine import CGROUP
from tests.containers.requirements import find_missing
from tests.containers.roots import ROOTS, make_root
from tests.containers.steps import step
from tests.containers.wheels import download_wheels

_FOLDER = Path("/var/tmp/darkroom-containers")


def main() -> None:
    """Run the test. Exits with a status other than 0 if it fails, or if something is missing here."""
    parser = argparse.ArgumentParser(prog="python -m tests.containers", description=__doc__)
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"where everything is made (default {_FOLDER})")
    parser.add_argument("--torch-index", help="an index that has torch's build for CPUs, asked besides pip's own")
    parser.add_argument("--keep", action="store_true", help="leave the root folders and wheels there for the next run")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    if arguments.inside:
        run_inside(folder)
        return
    if missing := find_missing(folder):
        sys.exit(f"make test-containers cannot run here: {missing}")
    try:
        with step("root folders and wheels"):
            for root in ROOTS:
                make_root(root, folder / "roots")
            download_wheels(folder / "wheels", torch_index=arguments.torch_index)
            Checkout(folder / "machine").make()
        _run_in_namespaces(folder)
    finally:
        with step("clean up"):
            _clean_up(folder, keep=arguments.keep)


def _run_in_namespaces(folder: Path) -> None:
    """Run the story as the first process of new namespaces; when it ends, for whatever reason, nothing goes on in them."""
    command = [sys.executable, "-m", "tests.containers", "--inside", "--folder", str(folder)]
    namespaces = ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
    story = subprocess.Popen([*namespaces, *command], cwd=REPOSITORY)
    network: subprocess.Popen[bytes] | None = None
    try:
        ours, theirs = Path("/proc/self/ns/net").readlink(), Path(f"/proc/{story.pid}/ns/net")
        while theirs.readlink() == ours and story.poll() is None:
            time.sleep(0.05)
        # The way out: an address of its own, through this machine's user space.
        network = subprocess.Popen(
            ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", str(story.pid), "tap0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if status := story.wait():
            sys.exit(status)
    finally:
        for process in (story, network):
            if process is not None:
                process.kill()
                process.wait()


def _clean_up(folder: Path, *, keep: bool) -> None:
    """Delete what was made: folders, and the engine's part of each hierarchy of cgroups."""
    for _ in range(50):
        for path in [*Path("/sys/fs/cgroup").glob(CGROUP), *Path("/sys/fs/cgroup").glob(f"*/{CGROUP}")]:
            for child in sorted(path.rglob("*/"), reverse=True):
                with suppress(OSError):
                    child.rmdir()
            with suppress(OSError):
                path.rmdir()
        if not [*Path("/sys/fs/cgroup").glob(CGROUP), *Path("/sys/fs/cgroup").glob(f"*/{CGROUP}")]:
            break
        time.sleep(0.1)
    for name in ("machine",) if keep else ("machine", "roots", "wheels"):
        shutil.rmtree(folder / name, ignore_errors=False) if (folder / name).exists() else None
    if not keep:
        with suppress(OSError):
            folder.rmdir()


if __name__ == "__main__":
    main()
