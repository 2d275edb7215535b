"""An account's own styles: find, list, add, change and delete them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import FieldError, InvalidRequest, StyleIsBuiltIn, StyleNotFound, TooManyStyles
from core.jobs.styles.style import STYLE_NAME, Recipe, Style, read_style
from core.jobs.styles.tables import OwnStyle

#: Each list of styles holds all of them.
MAX_STYLES = 100


def find_own_style(session: Session, *, account_id: UUID, name: str) -> Style | None:
    """The account's style of that name, or None."""
    row = _find_row(session, account_id, name)
    return None if row is None else _show(row)


def list_own_styles(session: Session, *, account_id: UUID) -> list[Style]:
    """The account's styles, by name."""
    rows = session.scalars(select(OwnStyle).where(OwnStyle.account_id == account_id).order_by(OwnStyle.name))
    return [_show(row) for row in rows]


def create_style(session: Session, *, account_id: UUID, name: str, recipe: Recipe, built_in: Collection[str]) -> Style:
    """A new style. The caller holds the account's lock, so that requests at the same time do not exceed the number either.

    Raises InvalidRequest for a name that is taken, by a style of the account or one of `built_in`, and TooManyStyles.
    """
    own = {style.name for style in list_own_styles(session, account_id=account_id)}
    if name in built_in or name in own:
        whose = "one of the deployment's" if name in built_in else "one of yours"
        raise InvalidRequest([FieldError("name", f"{name!r} is the name of a style already, {whose}", "conflict")])
    if len(own) >= MAX_STYLES:
        raise TooManyStyles(f"The account has {MAX_STYLES} styles, as many as it may have; delete one first.")
    row = OwnStyle(account_id=account_id, name=name, recipe=_dump(recipe))
    session.add(row)
    session.flush()
    session.refresh(row)
    return _show(row)


def change_style(
    session: Session, *, account_id: UUID, name: str, changes: Mapping[str, Any], built_in: Collection[str]
) -> Style:
    """The style with these fields of its recipe instead of the old ones. Jobs that were sent with it keep what they were sent
    with. Raises StyleNotFound and StyleIsBuiltIn.
    """
    row = _find_row(session, account_id, name, for_update=True)
    if row is None:
        raise StyleIsBuiltIn if name in built_in else StyleNotFound
    row.recipe = _dump(_show(row).recipe.model_copy(update=dict(changes)))
    row.updated_at = func.now()
    session.flush()
    session.refresh(row)
    return _show(row)


def delete_style(session: Session, *, account_id: UUID, name: str, built_in: Collection[str]) -> None:
    """No request can name it any more; jobs that were sent with it stay as they are. Raises StyleNotFound and StyleIsBuiltIn."""
    row = _find_row(session, account_id, name, for_update=True)
    if row is None:
        raise StyleIsBuiltIn if name in built_in else StyleNotFound
    session.delete(row)


def _find_row(session: Session, account_id: UUID, name: str, *, for_update: bool = False) -> OwnStyle | None:
    # The database is not asked for what is no name: an address can hold characters that it does not take.
    if not re.fullmatch(STYLE_NAME, name):
        return None
    return session.get(OwnStyle, (account_id, name), with_for_update=for_update)


def _dump(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json", exclude_defaults=True)


def _show(row: OwnStyle) -> Style:
    return read_style(row.name, row.recipe, created_at=row.created_at, updated_at=row.updated_at)
