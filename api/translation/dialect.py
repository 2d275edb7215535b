"""A dialect: the API of another system, which its own clients speak. And the one that a request is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, request

from api.problems import Problem

#: Where the app keeps them, by the first part of their addresses.
EXTENSION = "darkroom.dialects"


@dataclass(frozen=True)
class Dialect:
    """What a dialect is made of."""

    #: Also of its folder, and of the shape of its webhooks.
    name: str
    #: Its operations. All its addresses begin with the first part of this prefix, and no others do.
    blueprint: Blueprint
    #: Makes a problem, which the answer holds, an error as its clients know them.
    show_problem: Callable[[Problem, Response], None]
    #: Headers that pages of its clients send, beside those that ours may.
    sent_headers: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The first part of its addresses."""
        return _find_root(self.blueprint.url_prefix or "")


def find_dialect() -> Dialect | None:
    """The dialect that the current request is in, whether there is something at its address or not; None: it is in none."""
    dialects: dict[str, Dialect] = current_app.extensions.get(EXTENSION, {})
    return dialects.get(_find_root(request.path))


def _find_root(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""
