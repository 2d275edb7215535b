"""The machine of docs/deployment.md: a root folder in which Docker's engine and every command of the page run.

Used from inside the namespaces that `__main__.py` makes; all of it ends with them.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

#: Under each controller of cgroups: what the engine makes there, and what is removed in the end.
CGROUP = "darkroom-test-containers"

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
_START_SECONDS = 60

#: Runs a command whose root is the root of its mount namespace: what enters a container's namespace begins there, and would
#: find this machine's files otherwise.
_AS_ROOT_OF_A_NAMESPACE = """
cd "$1"; shift
pivot_root . mnt
exec chroot . sh -c 'umount -l /mnt && exec "$@"' sh "$@"
"""


class Machine:
    """`folder` is seen in there under the same path; the engine's data is in `folder`/docker."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self._engine: subprocess.Popen[bytes] | None = None

    def prepare(self, nameserver: str) -> None:
        """Mount what a root folder needs to be a machine."""
        root = self.root
        # runc takes the root of its process for a mount point.
        _mount("--make-rprivate", "/")
        _mount("--bind", str(root), str(root))
        _mount("-t", "proc", "proc", str(root / "proc"))
        _mount("-t", "sysfs", "sysfs", str(root / "sys"))
        _mount("--rbind", "/sys/fs/cgroup", str(root / "sys/fs/cgroup"))
        _mount("--rbind", "/dev", str(root / "dev"))
        _mount("-t", "tmpfs", "tmpfs", str(root / "run"))
        inside = root / self.folder.relative_to("/")
        inside.mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(self.folder), str(inside))
        (root / "etc/resolv.conf").write_text(f"nameserver {nameserver}\n")

    def start_engine(self) -> None:
        """Start Docker's engine and wait until it answers."""
        with (self.folder / "engine.log").open("ab") as log:
            self._engine = subprocess.Popen(
                [
                    *("unshare", "--mount", "sh", "-c", _AS_ROOT_OF_A_NAMESPACE, "sh", str(self.root)),
                    *("dockerd", "--data-root", str(self.folder / "docker"), "--exec-root", "/run/docker-exec"),
                    *("--pidfile", "/run/docker.pid", f"--cgroup-parent=/{CGROUP}"),
                ],
                env=_ENVIRONMENT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _START_SECONDS
        while self.try_run("docker info").returncode != 0:
            assert self._engine.poll() is None, f"the engine ended: see {log.name}"
            assert time.monotonic() < deadline, f"the engine does not answer: see {log.name}"
            time.sleep(0.2)

    def stop_engine(self) -> None:
        """Stop the engine as a machine does that goes down: all containers at once, and then itself."""
        assert self._engine
        self._engine.terminate()
        self._engine.wait()
        self._engine = None

    def run(self, commands: str, *, cwd: Path | None = None, stdin: str = "", **environment: str) -> str:
        """What the shell commands print. Fails with their output if one of them fails."""
        result = self.try_run(commands, cwd=cwd, stdin=stdin, **environment)
        assert result.returncode == 0, (
            f"{commands}\nended with status {result.returncode}:\n{result.stdout}{result.stderr}"
        )
        return result.stdout

    def try_run(
        self, commands: str, *, cwd: Path | None = None, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The outcome of shell commands, run by root under a umask that lets nobody else read what they write."""
        script = f"umask 077; cd {cwd or '/'}; {commands}"
        return subprocess.run(
            self._in_root("bash", "-euo", "pipefail", "-c", script),
            env={**_ENVIRONMENT, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def _in_root(self, *command: str) -> list[str]:
        chroot = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
        assert chroot
        return [chroot, str(self.root), *command]


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
