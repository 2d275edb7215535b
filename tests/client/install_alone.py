"""The client in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

_CLIENT = REPOSITORY / "client"


@dataclass(frozen=True)
class Installed:
    """What came of `pip install ./client`."""

    environment: Path
    python: Path
    packages: Path
    #: Of all that was installed, without what Python compiles.
    size_bytes: int


def install_alone(folder: Path, interpreter: str) -> Installed:
    """Install the client, and what it needs, into an empty environment below the folder."""
    environment = folder / "environment"
    # The pip at hand installs into it: an own one takes seconds to make.
    subprocess.run([interpreter, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin/python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.check_output(asked, text=True).strip())
    # A copy: a build leaves files beside what it builds.
    source = shutil.copytree(_CLIENT, folder / "client", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, str(source)], check=True, timeout=500)
    return Installed(environment, python, packages, _measure(packages))


def _measure(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
