"""`models.lock`, beside the models file: which commit and which files each hub source stands for.

`darkroom-models` writes it; the API and the workers read it. It holds what was seen, never what was assumed.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core.errors import InvalidCatalog


def _stays_inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path:
        raise ValueError("must stay inside the source's folder")
    return path


_RelativePath = Annotated[str, AfterValidator(_stays_inside)]


class LockedFile(BaseModel):
    """One file of a source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    byte_size: int = Field(ge=0)
    #: None: not known yet. The hub does not publish it for small files, so it is known once the file is fetched.
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")
    #: Git's own hash of a small file, which is checked while its sha256 is not known.
    git_blob: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$")


class LockedSource(BaseModel):
    """A hub source as it was when it was pinned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The repository's commit.
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    files: dict[_RelativePath, LockedFile] = Field(min_length=1)
    #: The pipeline class that the repository names, once it is fetched.
    pipeline: str | None = None
    #: When every file had been fetched, with the right hash; None: not yet.
    fetched_at: datetime | None = None

    @property
    def byte_size(self) -> int:
        return sum(file.byte_size for file in self.files.values())


class Lock(BaseModel):
    """Every pinned source, by its key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    sources: dict[str, LockedSource] = Field(default_factory=dict)


def read_lock(path: Path) -> Lock:
    """The lock as it is now; one without sources where there is no file. Raises InvalidCatalog."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise InvalidCatalog(f"{path}: {error.strerror}") from error
    # Each version is a file of its own; times alone are too coarse to tell two apart.
    return _read(path, (state.st_mtime_ns, state.st_ino))


@lru_cache(maxsize=8)
def _read(path: Path, _version: tuple[int, int]) -> Lock:
    try:
        return Lock.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InvalidCatalog(f"{path}: {error}") from error


def write_lock(path: Path, lock: Lock) -> None:
    """Put the file in place whole, so that nobody reads half of it."""
    ordered = lock.model_copy(update={"sources": dict(sorted(lock.sources.items()))})
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(ordered.model_dump_json(indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
