"""Environments of their own for clients that others publish: unmodified, as their users install them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY

_REQUIREMENTS = Path(__file__).parent / "requirements"
_SCRIPTS = Path(__file__).parent / "sdk"

#: Kept between runs, until the requirements change.
_KEPT = REPOSITORY / ".darkroom" / "sdk-environments"

#: Seconds for an installation.
_INSTALL_SECONDS = 600


def prepare(name: str) -> Path:
    """The Python of an environment with what `requirements/NAME.txt` names, made if it is not there."""
    requirements = _REQUIREMENTS / f"{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = _KEPT / f"{name}-{digest}"
    python = folder / "bin" / "python"
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / f"{name}.lock").open("w") as lock:
        # Two runs of tests may want it at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            # The pip at hand installs into it, and Python compiles what is imported of it: both take seconds for all of it.
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
            pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check"]
            install = [*pip, "install", "--quiet", "--no-compile", "--requirement", str(requirements)]
            subprocess.run(install, check=True, timeout=_INSTALL_SECONDS)
            (folder / "ready").touch()
    return python


class Sdk:
    """A published client that talks to the service: each call of a function of a script is a process of its own."""

    def __init__(self, name: str, script: str, environment: dict[str, str]) -> None:
        """`environment`: where the service is, what certificate it has, and a key."""
        self._python = prepare(name)
        self._script = _SCRIPTS / f"{script}.py"
        self._environment = environment

    def start(self, function: str, **arguments: Any) -> subprocess.Popen[str]:
        """Begin a call."""
        return self._start(str(self._script), function, json.dumps(arguments))

    def run_code(self, code: str, seconds: float = 100) -> str:
        """What a piece of code prints."""
        output, errors = (process := self._start("-c", code)).communicate(timeout=seconds)
        assert process.returncode == 0, errors
        return output

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        # Nothing of ours is in its way, neither modules nor settings.
        kept = {name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ}
        return subprocess.Popen(
            [str(self._python), *arguments],
            env=kept | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str], seconds: float = 100) -> Any:
        """What the function has returned."""
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            raise AssertionError(f"no answer within {seconds} s:\n{errors}") from None
        assert process.returncode == 0, errors
        return json.loads(output.splitlines()[-1])

    def call(self, function: str, *, seconds: float = 100, **arguments: Any) -> Any:
        """What a function of the script returns."""
        return self.finish(self.start(function, **arguments), seconds)
