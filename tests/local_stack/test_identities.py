"""The stack runs as an ordinary user and as root, and as root in places that only root may enter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
RunStack = Callable[..., subprocess.Popen[str]]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what root does; every other test runs as this user")

#: What the command of each test asks the database: who runs it is the system's, not the database's, to know.
ASK = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'].replace('+psycopg', '')); print('connected')"
DATABASE = ("run", "--only", "database", "--", sys.executable, "-c", ASK)

NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", "HOME=/nonexistent")


@as_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv to become nobody with")
def test_an_ordinary_user_can_run_it(run_stack: RunStack) -> None:
    """A user without any rights, nor a home, gets the same stack."""
    if subprocess.run([*NOBODY, "test", "-r", __file__, "-a", "-x", sys.executable], check=False).returncode != 0:
        pytest.skip("this clone cannot be read by others")

    stack = run_stack(*DATABASE, prefix=NOBODY)
    output, errors = stack.communicate(timeout=60)

    assert (stack.returncode, output) == (0, "connected\n"), errors


@as_root
def test_root_can_run_it_in_a_clone_that_only_root_may_enter(run_stack: RunStack, tmp_path: Path) -> None:
    """Programs and data may all lie in a folder that is closed to everybody but root."""
    closed = tmp_path / "closed"
    clone = closed / "clone"
    clone.mkdir(parents=True)
    closed.chmod(0o700)
    # The clone is this one, seen through a mount that only the process and its children have.
    inside = ("unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"', "sh")
    if subprocess.run([*inside, str(REPOSITORY), str(clone), "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this system lets not even root mount anything")

    python = clone / Path(sys.executable).relative_to(REPOSITORY)
    stack = run_stack(
        *("run", "--data", str(closed / "data"), *DATABASE[1:]),
        prefix=(*inside, str(REPOSITORY), str(clone)),
        python=str(python),
    )
    output, errors = stack.communicate(timeout=60)

    assert (stack.returncode, output) == (0, "connected\n"), errors
    assert (closed / "data" / "database").stat().st_uid == 0


@as_root
def test_root_without_user_namespaces_lets_nobody_run_the_database(run_stack: RunStack) -> None:
    """Where the system refuses user namespaces, as many containers do, PostgreSQL runs as an existing user."""
    ...
