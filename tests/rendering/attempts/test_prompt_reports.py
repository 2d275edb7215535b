"""A job's prompt report is computed by the worker that renders it, and `POST /v1/prompts/check` returns the same."""

from __future__ import annotations

from uuid import UUID

from core.artifacts.storage import bucket
from core.database import transaction
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view
from core.prompts.check_prompt import check_prompt
from core.prompts.readers.known_readers import get_known_readers
from tests.integration.conftest import Submit
from worker.rendering.run_job import run_next_job
from worker.rendering.runtime import Runtime

_PROMPT = "two (Red mugs:1.3) 🦊 without a cat, watercolour, " + "a zxqvwk blue bowl, " * 12
_NEGATIVE = "blurry, watercolour"


def test_a_jobs_report_is_that_of_a_check(runtime: Runtime, account_id: UUID, submit: Submit) -> None:
    """Equal to the last field, its counts are those of `prompt_tokens`, and its places are those of the sent prompt."""
    bucket().delete_prefix("tokenizers/")
    get_known_readers.cache_clear()
    job_id = submit(account_id, prompt=_PROMPT, negative_prompt=_NEGATIVE, width=64, height=64, num_inference_steps=2)
    assert run_next_job(runtime)
    assert runtime.readers.is_idle(timeout=30)

    with transaction() as session:
        job = session.get_one(Job, job_id)
        view, revision = build_job_view(session, job), job.model_revision
    checked = check_prompt(
        {"prompt": _PROMPT, "negative_prompt": _NEGATIVE},
        model_id="picturebook",
        revision=revision,
        takes_negative_prompt=True,
    )

    report, tokens = view.prompt_report, view.prompt_tokens
    assert report == checked
    assert report is not None
    assert report.tokens is not None
    assert tokens is not None
    assert [(each.field, each.tokens, each.read, each.chunks) for each in report.tokens] == [
        (each.field, each.tokens, each.read, each.chunks) for each in tokens
    ]
    assert report.tokens[0].chunks > 2
    assert "zxqvwk" in [word.text for word in report.tokens[0].broken_words]
    texts = {"prompt": _PROMPT, "negative_prompt": _NEGATIVE}
    assert all(texts[each.field][each.start : each.end] == each.text for each in report.elements)
    assert [each.code for each in report.contradictions] == ["negation", "in_both_prompts"]
