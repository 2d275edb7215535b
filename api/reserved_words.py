"""Words at the end of an address that are operations, where other addresses of the kind have an id."""

from __future__ import annotations

from flask.blueprints import Blueprint, BlueprintSetupState
from werkzeug.routing import BaseConverter


def exclude_words(*words: str) -> str:
    """The beginning of a pattern that none of the words matches."""
    return rf"(?!(?:{'|'.join(words)})$)"


def add_id_converter(blueprint: Blueprint, name: str, *words: str) -> None:
    """`<name:…>` at the end of an address of the blueprint is any text but these words: such an address has the methods of an id, and
    those alone.
    """

    class IdConverter(BaseConverter):
        regex = exclude_words(*words) + r"[^/]+"

    @blueprint.record_once
    def register_converter(state: BlueprintSetupState) -> None:
        state.app.url_map.converters[name] = IdConverter
