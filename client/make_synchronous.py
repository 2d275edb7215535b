"""Make `darkroom/synchronous` of `darkroom/asynchronous`: `python client/make_synchronous.py`, with ruff beside this Python.

The asynchronous client is written by hand; the other one is the same without `async` and `await`. With `--check` nothing is
written, and the exit status is 1 if a file is not as it would be made.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).resolve().parent
ASYNCHRONOUS = CLIENT / "darkroom/asynchronous"
SYNCHRONOUS = CLIENT / "darkroom/synchronous"

#: What stands instead, as whole words, in this order.
_INSTEAD = {
    r"async (def|for|with)": r"\1",
    r"await ": "",
    r"asyncio": "time",
    r"asynchronous": "synchronous",
    r"AsyncIterator": "Iterator",
    r"Async([A-Z]\w+)": r"\1",
    r"__aenter__": "__enter__",
    r"__aexit__": "__exit__",
    r"aclose": "close",
    r"aread": "read",
}

_PACKAGE = '"""The client for programs that wait, made of `asynchronous` by `client/make_synchronous.py`."""\n'


def make_file(path: Path) -> str:
    """The synchronous text of an asynchronous file."""
    if path.name == "__init__.py":
        return _PACKAGE
    text = path.read_text()
    for word, instead in _INSTEAD.items():
        text = re.sub(rf"\b{word}" if word.endswith(" ") else rf"\b{word}\b", instead, text)
    return _tidy(text, SYNCHRONOUS / path.name)


def find_differences() -> list[str]:
    """Names of files that are missing, too many, or not as they would be made."""
    wanted = {path.name: make_file(path) for path in ASYNCHRONOUS.glob("*.py")}
    found = {path.name: path.read_text() for path in SYNCHRONOUS.glob("*.py")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def _tidy(text: str, path: Path) -> str:
    for command in ("check", "--fix", "--select=I", "--quiet"), ("format", "--quiet"):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, f"--stdin-filename={path}", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=CLIENT,
        ).stdout
    return text


def _write() -> None:
    SYNCHRONOUS.mkdir(exist_ok=True)
    for name in find_differences():
        made = ASYNCHRONOUS / name
        if made.exists():
            (SYNCHRONOUS / name).write_text(make_file(made))
        else:
            (SYNCHRONOUS / name).unlink()
        print(name)


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit("\n".join(find_differences()) or None)
    _write()
