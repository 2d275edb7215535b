"""The notations of other programs in a prompt: weights, BREAK, LoRA tags, schedules, parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

SyntaxKind = Literal["weight", "emphasis", "break", "lora", "embedding", "schedule", "parameter"]

_PATTERNS: list[tuple[SyntaxKind, re.Pattern[str]]] = [
    (
        "lora",
        re.compile(r"<(?:lora|lyco|hypernet):(?P<name>[^<>:]{1,200})(?::(?P<weight>-?\d*\.?\d+))?(?::[^<>]{0,100})?>"),
    ),
    ("embedding", re.compile(r"\bembedding:(?P<name>[\w.-]{1,200})")),
    ("parameter", re.compile(r"(?<!\S)--[a-z]{1,20}(?:[ =][\w.:/]{1,40})?(?!\S)")),
    ("schedule", re.compile(r"\[(?P<words>[^\[\]]{0,500}?[|:][^\[\]]{0,500}?)\]")),
    ("weight", re.compile(r"\((?P<words>[^():]{1,500}):\s*(?P<weight>\d*\.?\d+)\s*\)")),
    ("weight", re.compile(r"(?<=\w)::(?P<weight>-?\d*\.?\d+)")),
    (
        "emphasis",
        re.compile(
            r"\({2,8}(?P<words>[^()]{1,500})\){2,8}|\[{2,8}(?P<lowered>[^\[\]]{1,500})\]{2,8}|(?<!\[)\[(?P<once>[^\[\]|:]{1,500})\](?!\])"
        ),
    ),
    ("emphasis", re.compile(r"(?<=[\w)])(?:\+{1,8}|-{2,8})(?=[\s,.]|$)")),
    ("break", re.compile(r"\bBREAK\b")),
]

#: In these stand names of files and options, and no words that describe a picture.
NOT_WORDS: frozenset[SyntaxKind] = frozenset({"lora", "embedding", "parameter", "break"})


@dataclass(frozen=True)
class Notation:
    """A place in code points of the text, and what is written there."""

    kind: SyntaxKind
    start: int
    end: int
    #: The place of the words inside that describe the picture; None: there are none.
    words: tuple[int, int] | None
    #: The number that it gives; None: it gives none.
    weight: float | None
    #: Of a LoRA or an embedding.
    name: str | None


def find_notations(text: str) -> list[Notation]:
    """Returns what the text holds of such notations, in order."""
    found: list[Notation] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            # A LoRA tag also looks like a schedule, and a number in it like a weight.
            if any(
                match.start() < each.end and match.end() > each.start
                for each in found
                if each.kind in NOT_WORDS or each.kind == kind
            ):
                continue
            groups = match.groupdict()
            name = next((each for each in ("words", "lowered", "once") if groups.get(each)), None)
            weight = groups.get("weight")
            found.append(
                Notation(
                    kind,
                    match.start(),
                    match.end(),
                    None if name is None else match.span(name),
                    None if weight is None else float(weight),
                    groups.get("name"),
                )
            )
    return sorted(found, key=lambda each: (each.start, each.end))
