"""Read the marked prompts. `marked/README.md` says how they are marked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Half = Literal["development", "held_out"]

_FOLDER = Path(__file__).parent / "marked"
_MARK = re.compile(r"\{([ocs]) ([^{}|]*)(?:\|([^{}]*))?\}")
_KINDS = {"o": "object", "c": "colour", "s": "style"}


@dataclass(frozen=True)
class Mark:
    """What a careful reader underlines, from code point `start` to before `end`."""

    kind: str
    start: int
    end: int
    #: Readers disagree about it.
    optional: bool


@dataclass(frozen=True)
class MarkedPrompt:
    """A prompt as it would be sent, and its marks in order."""

    text: str
    marks: tuple[Mark, ...]
    #: The heading that it stands under: shop, architect, designer, hobby, wild.
    group: str


def read_marked(half: Half) -> list[MarkedPrompt]:
    """The prompts of one half, in order."""
    prompts: list[MarkedPrompt] = []
    group = ""
    for line in (_FOLDER / f"{half}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            group = line.removeprefix("## ")
        elif line and not line.startswith("#"):
            prompts.append(_parse(line, group))
    return prompts


def _parse(line: str, group: str) -> MarkedPrompt:
    text, marks, position = "", [], 0
    for found in _MARK.finditer(line):
        text += line[position : found.start()]
        kind, shown, marked = _KINDS[found[1]], found[2], found[3]
        start = len(text) + (shown.rindex(marked) if marked else 0)
        marks.append(Mark(kind, start, start + len(marked or shown), optional=marked == ""))
        text += shown
        position = found.end()
    return MarkedPrompt(text + line[position:], tuple(marks), group)
