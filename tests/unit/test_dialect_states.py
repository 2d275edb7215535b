"""Every state of a job, and every failure, has words in every dialect."""

from __future__ import annotations

from typing import Any

from api.dialects.a1111 import states as a1111
from api.dialects.huggingface import states as huggingface
from api.dialects.openai import states as openai
from core.jobs.failures import FAILURE_TRAITS, FailureCode
from core.jobs.status import JobStatus
from core.jobs.views.job_view import FailureView, JobView
from core.webhook_shapes import runpod


def test_every_status_has_words() -> None:
    """A job that another client sent is shown in whatever state it is."""
    for table in (openai.STATUS, a1111.TASK, huggingface.STATUS, runpod.STATUS):
        assert {*table} == {*JobStatus}


def test_failures_are_told_apart_at_hugging_face() -> None:
    """A withheld image is the sender's affair, a deadline that has passed is a timeout, and what is ours is a server's error."""

    def find(code: FailureCode) -> int:
        fault = FAILURE_TRAITS[code].fault
        failure = FailureView(code=code, message="", fault=fault, retryable=False, charged=False)
        values: Any = {"status": JobStatus.FAILED, "failure": failure}
        return huggingface.find_status(JobView.model_construct(**values))

    found = {code: find(code) for code in FailureCode}
    assert found[FailureCode.CONTENT_FILTERED] == 400
    assert found[FailureCode.START_DEADLINE_EXCEEDED] == found[FailureCode.DEADLINE_EXCEEDED] == 504
    assert {found[code] for code in FailureCode if FAILURE_TRAITS[code].fault == "platform"} == {500}


def test_failures_are_told_apart_at_runpod() -> None:
    """A deadline that has passed is TIMED_OUT; everything else, a withheld image as well, is FAILED, with our code in the output."""
    times = dict.fromkeys(("timings", "created_at", "started_at", "finished_at", "cancel_requested_at", "progress"))
    for code in FailureCode:
        failure = {"code": code.value, "message": "why", "retryable": False}
        shown = runpod.show_runpod_job({"id": "job_1", "status": "failed", "failure": failure, "outputs": [], **times})
        late = code in {FailureCode.START_DEADLINE_EXCEEDED, FailureCode.DEADLINE_EXCEEDED}
        assert (shown["status"], shown["error"]) == ("TIMED_OUT" if late else "FAILED", "why")
        assert shown["output"]["code"] == code
