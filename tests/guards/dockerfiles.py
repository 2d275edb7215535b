"""The Dockerfiles as the guards read them: a list of instructions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.guards.compose_file import REPOSITORY

SLIM = REPOSITORY / "infra/docker/Dockerfile.slim"
WORKER = REPOSITORY / "infra/docker/Dockerfile.worker"


@dataclass(frozen=True)
class Instruction:
    """One instruction: its keyword in upper case, and the rest of the line with continuations joined."""

    keyword: str
    text: str


def read_dockerfile(path: Path) -> list[Instruction]:
    """The instructions in their order, without comments."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        Instruction(keyword.upper(), re.sub(r"\s+", " ", text))
        for keyword, _, text in (line.partition(" ") for line in joined.splitlines() if line)
    ]


def list_copies(path: Path) -> list[tuple[list[str], str]]:
    """Sources and destination of every COPY from the repository."""
    copies = [
        instruction.text.split()
        for instruction in read_dockerfile(path)
        if instruction.keyword == "COPY" and not instruction.text.startswith("--from=")
    ]
    return [(words[:-1], words[-1]) for words in copies]
