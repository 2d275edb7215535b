"""Runs commands of Darkroom's to their end, started from warm parents."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping

from infra.local.application import REPOSITORY
from infra.local.command import Command
from tests.warm.start_warm import start_warm


def run_warm(*words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Returns what `python -m` with these words has written, and its exit status. The environment is added to the caller's."""
    command = Command([sys.executable, "-m", *words], folder=REPOSITORY, environment=environment)
    with tempfile.TemporaryFile() as errors:
        process = start_warm(command, errors, True)
        output, _ = process.communicate()
        errors.seek(0)
        return subprocess.CompletedProcess(words, process.wait(), output.decode(), errors.read().decode())
