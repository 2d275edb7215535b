"""Submit what a client of another system asks for, through the door of `POST /v1/jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from flask import g, request

from api.authentication import current_account_id, current_api_key_id
from api.idempotency_key import LONGEST_KEY, ONE_KEY
from api.jobs.job_request import JobRequest, build_submission
from api.live.asked import StreamAsked, WaitAsked, can_keep, notice_gone
from core.errors import FieldError, InvalidRequest, TooManyStreams
from core.field_errors import renamed_errors
from core.jobs.submit.repeated_calls import Call
from core.jobs.submit.submit_job import submit_job
from core.jobs.views.job_view import JobView

#: How often clients that Stainless generates (openai, replicate 2) have sent the request before.
_REPEAT = "X-Stainless-Retry-Count"


def submit(
    fields: Mapping[str, Any],
    *,
    sent_as: Mapping[str, str] = MappingProxyType({}),
    keeps: type[WaitAsked | StreamAsked] | None = None,
    webhook_shape: str | None = None,
    idempotency_key: str | None = None,
    joins_lost: bool = False,
) -> JobView:
    """Queues a job, and returns it; or returns the job that the same Idempotency-Key made, or an earlier try of the same call.

    `fields` are those of `POST /v1/jobs`; `sent_as` names those that the client calls otherwise, for errors. `keeps`: the
    caller is going to wait for the job (WaitAsked), or to follow it (StreamAsked). Raises what `submit_job` raises, and
    TooManyStreams, with nothing submitted, if it cannot. `idempotency_key`: in the place of the request's own. `joins_lost`: clients
    do not say that they repeat a call, so it is the job of an equal call whose answer is lost, if there is one (`answer_finished`).
    """
    if keeps is not None and not can_keep(keeps, current_account_id()):
        raise TooManyStreams
    with renamed_errors(sent_as):
        job_request = JobRequest.model_validate({name: value for name, value in fields.items() if value is not None})
        if job_request.dry_run:
            raise InvalidRequest(
                [FieldError("dry_run", "is for POST /v1/jobs alone: here a job would be drawn", "not_allowed")]
            )
        key = _read_key() if idempotency_key is None else idempotency_key
        if joins_lost:
            notice_gone(current_account_id())
        submission = replace(
            build_submission(job_request, idempotency_key=key),
            call=None if key is not None else _read_call(joins_lost=joins_lost),
            webhook_shape=webhook_shape,
        )
        job = submit_job(submission).view
    g.answered_with = {"job_id": job.id, "model": job.model}
    return job


def is_repeating_client() -> bool:
    """Whether the client sends a call whose connection is cut again, and says so."""
    return _REPEAT in request.headers


def count_repeats() -> int | None:
    """How often the client has sent the request before; None: it does not say so."""
    repeat = request.headers.get(_REPEAT, "")
    return int(repeat[:3]) if repeat.isascii() and repeat.isdigit() else None


def _read_call(*, joins_lost: bool) -> Call | None:
    repeat = count_repeats()
    if repeat is None and not joins_lost:
        return None
    return Call(repeat, caller=f"{current_api_key_id()} {request.path}")


def _read_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (ONE_KEY.fullmatch(key) and len(key) <= LONGEST_KEY):
        raise InvalidRequest(
            [FieldError("Idempotency-Key", f"must be printable ASCII without blanks and commas, at most {LONGEST_KEY}")]
        )
    return key


def read_object() -> dict[str, Any]:
    """The JSON object that is the current request's body. Raises what reading JSON raises, and InvalidRequest for another value."""
    body = request.get_json()
    if not isinstance(body, dict):
        raise InvalidRequest([FieldError("body", "must be a JSON object", "wrong_type")])
    return body
