"""The repository as somebody has it who updates it by `git pull`, under a umask that lets nobody else read it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from tests.conftest import REPOSITORY

#: In the next release: the database's newest revision is one that the release before it does not know.
_MIGRATION = '''"""Of the next release, in a test: a column that the release before does not know."""

from __future__ import annotations

from alembic import op

revision = "of_the_next_release"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE accounts ADD COLUMN of_the_next_release integer")


def downgrade() -> None:
    op.execute("ALTER TABLE accounts DROP COLUMN of_the_next_release")
'''


class Checkout:
    """Two repositories: `origin`, where releases are made, and `path`, where they are deployed."""

    def __init__(self, folder: Path) -> None:
        self.origin = folder / "origin"
        self.path = folder / "darkroom"
        self.first = _read_version(REPOSITORY)
        self.second = f"{self.first}.post1"

    def make(self) -> None:
        """The first release: what stands in this working tree, and is not ignored."""
        for path in (self.origin, self.path):
            shutil.rmtree(path, ignore_errors=True)
        self.origin.mkdir(parents=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            source, target = REPOSITORY / name, self.origin / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        _git(self.origin, "init", "--quiet", "--initial-branch=main")
        self._commit(self.first)
        os.umask(0o077)
        _git(self.path.parent, "clone", "--quiet", str(self.origin), str(self.path))
        os.umask(0o022)

    def release_again(self) -> None:
        """The second release: another version of both images, and a migration."""
        for name in ("pyproject.toml", "docker-compose.yml"):
            file = self.origin / name
            file.write_text(re.sub(rf"(?<=[\":]){re.escape(self.first)}\b", self.second, file.read_text()))
        versions = self.origin / "migrations/versions"
        newest = max(path.name for path in versions.glob("0*.py"))
        (versions / "of_the_next_release.py").write_text(_MIGRATION.format(newest=newest.partition("_")[0]))
        self._commit(self.second)

    def _commit(self, tag: str) -> None:
        _git(self.origin, "add", "--all")
        _git(
            self.origin, "-c", "user.name=release", "-c", "user.email=release@localhost", "commit", "--quiet", "-m", tag
        )
        _git(self.origin, "tag", tag)


def _read_version(folder: Path) -> str:
    return str(tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"])


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)
