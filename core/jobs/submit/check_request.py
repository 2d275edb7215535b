"""Everything that is wrong with a request at once, whichever check finds it, or the row that its job will have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.artifacts.inputs import InputImage
from core.database import transaction
from core.errors import FieldError, InvalidRequest
from core.jobs.request.collect_errors import find_base
from core.jobs.request.input_images import FoundInputs, resolve_inputs, take_out_images
from core.jobs.request.resolve_request import add_allowed_values
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.submit.choose_style import choose_style
from core.jobs.submit.new_job import NewJob, Submission, build_new_job
from core.webhooks.addresses import find_url_error, parse_networks

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class CheckedRequest:
    """A request without errors."""

    job: NewJob
    inputs: FoundInputs


def check_request(session: Session, submission: Submission, images: Sequence[InputImage] = ()) -> CheckedRequest:
    """The job's row, still to be written, and its pictures. Raises InvalidRequest with every field that is wrong.

    A retention that is too long is among them, but no reason to raise: on the way to a row it is checked with the account's slot.
    """
    inputs, errors = _try(lambda: resolve_inputs(session, submission.request, images, account_id=submission.account_id))
    sizes = {} if inputs is None else inputs.sizes
    job, others = _try(lambda: build_new_job(submission, input_sizes=sizes))
    errors += others + _list_webhook_errors(submission)
    if errors or job is None or inputs is None:
        raise InvalidRequest(errors + list_retention_errors(session, submission))
    return CheckedRequest(job, inputs)


def settle_style(submission: Submission) -> Submission:
    """The submission with the style that its request names. Raises InvalidRequest with every field that is wrong, if it can name
    no such style.
    """
    try:
        return choose_style(submission)
    except InvalidRequest as found:
        raise InvalidRequest(complete_problems(submission, found.errors)) from None


def list_retention_errors(session: Session, submission: Submission) -> list[FieldError]:
    """What the account's policy says against the request."""
    seconds = submission.request.retention_seconds
    account = None if seconds is None else session.get(Account, submission.account_id)
    if account is None:
        return []
    policy = RetentionPolicy.of(
        submission.settings,
        artifact_seconds=account.artifact_retention_seconds,
        job_seconds=account.job_retention_seconds,
    )
    return _try(lambda: policy.check(seconds))[1]


def _list_webhook_errors(submission: Submission) -> list[FieldError]:
    webhook, settings = submission.request.webhook, submission.settings
    if webhook is None:
        return []
    reason = find_url_error(
        webhook.url, allow_http=settings.webhook_allow_http, allowed=parse_networks(settings.webhook_allowed_networks)
    )
    return [] if reason is None else [FieldError("webhook.url", reason)]


def _try(check: Callable[[], _Found]) -> tuple[_Found | None, list[FieldError]]:
    """What the check returns, or the errors that it raises."""
    try:
        return check(), []
    except InvalidRequest as found:
        return None, found.errors


def complete_problems(
    submission: Submission, found: Sequence[FieldError], *, pictures_are_checked: bool = False
) -> list[FieldError]:
    """The errors that were found in a request, and all others that it has. Fields in which errors were found are not checked
    again; if they are pictures, none of them is.
    """
    errors = list(found)
    wrong = {find_base(error) for error in found}
    if submission.style is None and "style" not in wrong:
        chosen, others = _try(lambda: choose_style(submission))
        submission = chosen or submission
        errors += others
    if submission.style is None:
        # The others are looked for without it.
        submission = replace(submission, request=submission.request.model_copy(update={"style": None}))
    images: list[InputImage] = []
    if not pictures_are_checked:
        taken_out, others = _try(
            lambda: take_out_images(submission.request, job_id=submission.job_id, account_id=submission.account_id)
        )
        errors += others
        if taken_out is None:
            pictures_are_checked = True
        else:
            submission, images = replace(submission, request=taken_out[0]), taken_out[1]
    if pictures_are_checked:
        more = _try(lambda: build_new_job(submission, input_sizes={}))[1] + _list_webhook_errors(submission)
    else:
        with transaction() as session:
            more = _try(lambda: check_request(session, submission, images))[1]
    errors += [error for error in more if find_base(error) not in wrong]
    return add_allowed_values(
        errors, submission.request, catalog=submission.catalog, default_model=submission.settings.default_model
    )
