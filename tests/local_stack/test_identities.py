"""The stack runs as an ordinary user and as root, and as root in places that only root may enter."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
RunStack = Callable[..., subprocess.Popen[str]]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what root does; every other test runs as this user")

#: What the command of each test asks the database: who runs it is the system's, not the database's, to know.
ASK = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'].replace('+psycopg', '')); print('connected')"
DATABASE = ("run", "--only", "database", "--", sys.executable, "-c", ASK)

NOBODY = pwd.getpwnam("nobody")
BECOME_NOBODY = ("setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups")

#: Run a command in a view of the file system in which everybody may enter these two folders.
OPENED = """
mkdir -p "$1/0" "$1/1"; mount --bind "$2" "$1/0"; mount --bind "$3" "$1/1"
for closed in "$4" "$5"; do [ -z "$closed" ] || mount -t tmpfs -o mode=755 tmpfs "$closed"; done
mkdir -p "$2" "$3"; mount --bind "$1/0" "$2"; mount --bind "$1/1" "$3"
cd "$3"; shift 5; exec "$@"
"""

#: Run a command as a root whose system has no user namespaces to give, as in many containers. A user namespace that
#: knows every user stands in for such a system.
WITHOUT_NAMESPACES = """
import ctypes, os, sys
from pathlib import Path
mapped, made = os.pipe(), os.pipe()
if child := os.fork():
    os.read(made[0], 1)
    for kind in ("uid_map", "gid_map"):
        Path(f"/proc/{child}/{kind}").write_text("0 0 65536")
    os.write(mapped[1], b".")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.write(made[1], b".")
os.read(mapped[0], 1)
Path("/proc/sys/user/max_user_namespaces").write_text("0")
os.execv(sys.argv[1], sys.argv[1:])
"""


@as_root
@pytest.mark.slow
def test_an_ordinary_user_can_run_it(run_stack: RunStack, tmp_path: Path) -> None:
    """A user without any rights, nor a home, gets the same stack."""
    python_home = Path(sys.base_prefix)
    opened = ("unshare", "--mount", "sh", "-e", "-c", OPENED, "sh", str(tmp_path), str(python_home), str(REPOSITORY))
    prefix = (*opened, _find_closed(python_home), _find_closed(REPOSITORY), *BECOME_NOBODY, "env", "HOME=/nonexistent")
    if subprocess.run([*prefix, sys.executable, "--version"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this system lets not even root become nobody, or mount anything")

    stack = run_stack(*DATABASE, prefix=prefix)
    output, errors = stack.communicate(timeout=60)

    assert (stack.returncode, output) == (0, "connected\n"), errors


@as_root
@pytest.mark.slow
def test_root_can_run_it_in_a_clone_that_only_root_may_enter(run_stack: RunStack, tmp_path: Path) -> None:
    """Programs and data may all lie in a folder that is closed to everybody but root."""
    closed = tmp_path / "closed"
    clone = closed / "clone"
    clone.mkdir(parents=True)
    closed.chmod(0o700)
    # The clone is this one, seen through a mount that only the process and its children have.
    inside = ("unshare", "--mount", "sh", "-e", "-c", 'mount --bind "$1" "$2"; cd "$2"; shift 2; exec "$@"', "sh")
    prefix = (*inside, str(REPOSITORY), str(clone))
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this system lets not even root mount anything")

    stack = run_stack(
        *("run", "--data", str(closed / "data"), *DATABASE[1:]),
        prefix=prefix,
        python=str(clone / Path(sys.executable).relative_to(REPOSITORY)),
    )
    output, errors = stack.communicate(timeout=60)

    assert (stack.returncode, output) == (0, "connected\n"), errors
    assert (closed / "data" / "database").stat().st_uid == 0


@as_root
@pytest.mark.slow
def test_root_without_user_namespaces_lets_an_existing_user_run_the_database(run_stack: RunStack) -> None:
    """Where the system refuses user namespaces, PostgreSQL runs as nobody, on a cluster that is nobody's."""
    data = Path(tempfile.mkdtemp(prefix="local-stack-test-"))
    prefix = (sys.executable, "-c", WITHOUT_NAMESPACES)
    try:
        if subprocess.run([*prefix, sys.executable, "--version"], check=False, capture_output=True).returncode != 0:
            pytest.skip("this system lets not even root make a user namespace")
        stack = run_stack("run", "--data", str(data), *DATABASE[1:], prefix=prefix)
        output, errors = stack.communicate(timeout=60)

        assert (stack.returncode, output) == (0, "connected\n"), errors
        assert (data / "database").stat().st_uid == NOBODY.pw_uid
        assert stat.S_IMODE((data / "logs").stat().st_mode) == 0o700
    finally:
        shutil.rmtree(data)


def _find_closed(folder: Path) -> str:
    """The outermost folder on the way to this one that others may not enter; empty if there is none."""
    closed = [str(parent) for parent in reversed(folder.parents) if not parent.stat().st_mode & stat.S_IXOTH]
    return closed[0] if closed else ""
