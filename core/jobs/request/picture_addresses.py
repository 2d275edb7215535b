"""Pictures that a request names by address: which are taken, and which a request still has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.jobs.request.picture_fields import list_all_places
from core.settings import Settings
from core.webhooks.addresses import find_url_error, parse_networks

#: Characters of an address; a signed one with a token has some two thousand.
_LONGEST = 8_192


def is_address(source: str) -> bool:
    """Whether a picture is named by address."""
    return source[:8].lower().startswith(("http://", "https://"))


def list_addresses(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The addresses among the pictures of a request, by their places: what is still to be fetched."""
    return {place: str(source) for place, source in list_all_places(parameters).items() if is_address(str(source))}


def find_address_problem(address: str, settings: Settings) -> str | None:
    """Why a picture is not fetched from there, or None. No name is looked up."""
    if not settings.picture_fetching:
        return "addresses are not fetched here: send the image itself as a data URI, or the id of a file or an artifact"
    if len(address) > _LONGEST:
        return f"is an address of more than {_LONGEST:,} characters"
    networks = parse_networks(settings.fetch_allowed_networks)
    return find_url_error(address, allow_http=settings.fetch_allow_http, allowed=networks)
