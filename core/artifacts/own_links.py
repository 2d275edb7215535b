"""Recognise links to our own store, and to outputs on our own host, that the account was given: what they lead to needs not be fetched."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from urllib.parse import unquote
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.artifacts.capability import find_linked_output
from core.artifacts.storage import sign_download
from core.artifacts.tables import Artifact

#: A key without a character that an address writes otherwise.
_ANY_KEY = "key"


def find_own_links(session: Session, addresses: Collection[str], *, account_id: UUID) -> dict[str, str]:
    """The id of the account's artifact or file that each address leads to; other addresses are left out.

    Whether the link still works does not matter: the account could name the id as well.
    """
    base = _find_base()
    keys = {
        address: unquote(address.removeprefix(base).partition("?")[0])
        for address in addresses
        if address.startswith(base)
    }
    outputs = {address: id_ for address in addresses if (id_ := find_linked_output(address)) is not None}
    if not keys and not outputs:
        return {}
    rows = session.scalars(
        select(Artifact).where(
            or_(Artifact.storage_key.in_(keys.values()), Artifact.id.in_(outputs.values())),
            Artifact.account_id == account_id,
        )
    ).all()
    ids = {artifact.storage_key: artifact.public_id for artifact in rows}
    ids_of_outputs = {artifact.id: artifact.public_id for artifact in rows}
    return {address: ids[key] for address, key in keys.items() if key in ids} | {
        address: ids_of_outputs[id_] for address, id_ in outputs.items() if id_ in ids_of_outputs
    }


@cache
def _find_base() -> str:
    """What stands before the key in every link. Raises StorageUnavailable without valid keys."""
    address, _ = sign_download(_ANY_KEY)
    return address.partition("?")[0].removesuffix(_ANY_KEY)
