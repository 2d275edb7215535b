"""Where pictures go."""

from __future__ import annotations

import re
from pathlib import Path

from darkroom.picture import Pictures

_LONGEST_NAME = 60


class PicturePaths:
    """Names for the pictures of a command: numbered behind the name that was given, or made of the prompt and the seed."""

    def __init__(self, output: Path | None) -> None:
        self._output = None if output is None else output.expanduser()
        self._written = 0

    def save(self, pictures: Pictures) -> list[Path]:
        """Write the pictures, and return where. A file that is there is overwritten only if it was named."""
        paths = []
        for picture in pictures:
            self._written += 1
            if self._output is None or self._output.is_dir() or str(self._output).endswith("/"):
                folder = self._output or Path()
                folder.mkdir(parents=True, exist_ok=True)
                path = _find_free(folder, _make_name(picture.caption, picture.seed), picture.suffix)
            elif self._written == 1:
                path = self._output
            else:
                path = self._output.with_name(f"{self._output.stem}-{self._written}{self._output.suffix}")
            paths.append(picture.save(path))
        return paths


def _make_name(prompt: str, seed: int | None) -> str:
    words = re.sub(r"[^\w]+", "-", prompt.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    return "-".join(part for part in (words or "picture", "" if seed is None else str(seed)) if part)


def _find_free(folder: Path, name: str, suffix: str) -> Path:
    path = folder / f"{name}{suffix}"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}{suffix}"
    return path
