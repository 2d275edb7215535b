"""Find the style that a request names, among those of the deployment and the account's own."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from sqlalchemy.orm import Session

from core.accounts.authenticate import check_not_revoked
from core.database import transaction
from core.errors import FieldCode, FieldError, InvalidRequest
from core.jobs.styles.fit import WayToDraw, explain_misfit, find_way
from core.jobs.styles.own_styles import find_own_style, list_own_styles
from core.jobs.styles.style import Style
from core.jobs.styles.style_file import get_built_in_styles
from core.jobs.submit.new_job import Submission


def choose_style(submission: Submission, session: Session | None = None) -> Submission:
    """The submission with the style that its request names; one that is chosen already stays. One of the deployment's costs no
    statement, one of the account's own a read: in `session`, or else in a transaction of its own, for a caller without a connection.

    Raises InvalidRequest with the styles that the request could name, if there is no such style or if it does not work with the
    model or the task.
    """
    name = submission.request.style
    if name is None or submission.style is not None:
        return submission
    style = get_built_in_styles().get(name) or _find_own(submission, name, session)
    try:
        way = find_way(submission.request, submission.catalog, submission.settings.default_model)
    except InvalidRequest:
        # What decides whether it fits is wrong, and that is what the sender is answered.
        way = None
    misfit = None if style is None or way is None else explain_misfit(style.recipe, way)
    if style is not None and misfit is None:
        return replace(submission, style=style)
    fitting = _list_fitting_names(submission, way, session)
    there = f"those that fit are {', '.join(fitting)}" if fitting else "no style fits"
    reason = f"there is no style {name!r}" if style is None else f"{name} {misfit}"
    code: FieldCode = "not_found" if style is None else "not_for_model"
    raise InvalidRequest([FieldError("style", f"{reason}; {there}", code, {"enum": fitting})])


def _find_own(submission: Submission, name: str, outer: Session | None) -> Style | None:
    with _reading(outer) as session:
        return find_own_style(session, account_id=submission.account_id, name=name)


def _list_fitting_names(submission: Submission, way: WayToDraw | None, outer: Session | None) -> list[str]:
    with _reading(outer) as session:
        if submission.api_key_id is not None:
            check_not_revoked(session.connection(), api_key_id=submission.api_key_id, account_id=submission.account_id)
        own = list_own_styles(session, account_id=submission.account_id)
    styles = {style.name: style for style in own} | dict(get_built_in_styles())
    return [name for name, style in styles.items() if way is None or explain_misfit(style.recipe, way) is None]


def _reading(session: Session | None) -> AbstractContextManager[Session]:
    return transaction() if session is None else nullcontext(session)
