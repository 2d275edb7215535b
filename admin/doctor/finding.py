"""One line of the doctor's report."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  #: the service works, but not as well, as safely or as long as it should
    ERROR = "error"  #: something of the service does not work


@dataclass(frozen=True)
class Finding:
    """What was seen of one thing, and what to do if it is not as it should be; each is one line."""

    level: Level
    area: str
    check: str
    seen: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.level:<8} {self.area} {self.check}: {self.seen}" + (f". {self.todo}." if self.todo else "")


class Area:
    """Makes the findings of one area."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ok(self, check: str, seen: str) -> Finding:
        return Finding(Level.OK, self.name, check, seen)

    def warning(self, check: str, seen: str, todo: str) -> Finding:
        return Finding(Level.WARNING, self.name, check, seen, todo)

    def error(self, check: str, seen: str, todo: str) -> Finding:
        return Finding(Level.ERROR, self.name, check, seen, todo)


def in_one_line(error: BaseException) -> str:
    """An error's message without line breaks."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def find_advice(message: str, advice: dict[str, str], otherwise: str) -> str:
    """The advice for the first of these parts that the message has."""
    return next((text for part, text in advice.items() if part.lower() in message.lower()), otherwise)
