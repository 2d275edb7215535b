"""The client's views are what the API document says."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from darkroom.answers import read_view
from darkroom.views import (
    again,
    boards,
    deletions,
    files,
    job_parts,
    jobs,
    models,
    outputs,
    prompts,
    queue,
    queue_figures,
    recall,
    styles,
    sweeps,
    webhooks,
)
from pydantic import BaseModel

from infra.local import LocalStack

#: By the name of a schema, the client's view of it.
VIEWS: dict[str, type[BaseModel]] = {
    "AdviceView": prompts.Advice,
    "AppliedStyleView": job_parts.AppliedStyle,
    "AxesView": sweeps.Axes,
    "BatchView": queue_figures.Batch,
    "BoardView": boards.Board,
    "BrokenWordView": prompts.BrokenWord,
    "BucketView": queue_figures.Bucket,
    "CancelledJobs": jobs.CancelledJobs,
    "CheckedPrompt": prompts.CheckedPrompt,
    "ComparedImageView": again.ComparedImage,
    "ComparisonView": again.Comparison,
    "ContactSheetView": sweeps.ContactSheet,
    "ContradictionView": prompts.Contradiction,
    "CreatedWebhookEndpoint": webhooks.CreatedWebhookEndpoint,
    "DeletedJobs": deletions.DeletedJobs,
    "DeletedObjectView": deletions.DeletedObject,
    "DeletionView": deletions.Deletion,
    "DifferenceView": again.Difference,
    "DryRunView": jobs.DryRun,
    "ElementView": prompts.Element,
    "EtaView": job_parts.Eta,
    "FailureView": job_parts.Failure,
    "FileView": files.File,
    "GalleryOutputView": outputs.GalleryOutput,
    "HistoryView": queue_figures.History,
    "InputView": job_parts.Input,
    "JobCountsView": queue_figures.JobCounts,
    "JobView": jobs.Job,
    "MineAndAllCounts": queue_figures.MineAndAllCounts,
    "MineAndAllSeconds": queue_figures.MineAndAllSeconds,
    "ModelDetail": models.ModelDetail,
    "ModelView": models.Model,
    "NotationView": prompts.Notation,
    "OriginView": again.Origin,
    "OutputView": job_parts.Output,
    "ProgressView": job_parts.Progress,
    "PromptReport": prompts.PromptReport,
    "PromptTokensView": job_parts.PromptTokens,
    "QueueFiguresView": queue_figures.QueueFigures,
    "QueueStateView": queue.QueueState,
    "QueueView": job_parts.QueuePlace,
    "QueueWorkerView": queue_figures.QueueWorker,
    "RecallView": recall.Recall,
    "ReplayView": again.Replay,
    "RunningJobView": queue_figures.RunningJob,
    "SpanView": prompts.Span,
    "StyleView": styles.Style,
    "SweepCellView": job_parts.SweepCell,
    "SweepUrlsView": sweeps.SweepUrls,
    "SweepView": sweeps.Sweep,
    "TaskView": models.ModelTask,
    "TimingsView": job_parts.Timings,
    "TokensView": prompts.TokenCount,
    "UrlsView": job_parts.JobUrls,
    "WaitingGroupView": queue_figures.WaitingGroup,
    "WebhookAttemptView": webhooks.WebhookAttempt,
    "WebhookDeliveryView": webhooks.WebhookDelivery,
    "WebhookEndpointView": webhooks.WebhookEndpoint,
    "WorksWith": styles.WorksWith,
}

#: What the client reads without a view: one of two answers, words, pages of a list, JSON as it is, and refusals.
OTHERS = {
    "AttemptTrigger",
    "ChangedOutputs",
    "DeliveryStatus",
    "FailureCode",
    "FieldProblem",
    "FinishedOrTried",
    "JobStatus",
    "PartOfJob",
    "Problem",
    "Receipt",
    "SweepStatus",
    "WebhookSecretView",
}


@pytest.fixture(scope="module")
def document(stack: LocalStack) -> dict[str, Any]:
    """The API document, as it is served."""
    return dict(httpx2.get(f"{stack.url}/openapi.json").raise_for_status().json())


def _find_answers(document: dict[str, Any]) -> set[str]:
    """Names of the schemas in answers, those inside others included."""
    found: set[str] = set()

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                visit(document["components"]["schemas"][name])
            for part in value.values():
                visit(part)
        elif isinstance(value, list):
            for part in value:
                visit(part)

    for item in document["paths"].values():
        for operation in item.values():
            visit(operation["responses"])
    return found


def test_every_answer_has_a_view(document: dict[str, Any]) -> None:
    """And no view is left of an answer that is gone."""
    assert {name for name in _find_answers(document) if not name.endswith("List")} == VIEWS.keys() | OTHERS


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_has_the_fields_of_the_answer(document: dict[str, Any], name: str) -> None:
    """Each of them, and no other; those that may be null can be None."""
    schema = document["components"]["schemas"][name]
    fields = {field.alias or known: field for known, field in VIEWS[name].model_fields.items()}

    assert fields.keys() == schema["properties"].keys()
    for known, part in schema["properties"].items():
        may_be_null = any(each.get("type") == "null" for each in part.get("anyOf", ()))
        assert may_be_null == ("None" in str(fields[known].annotation)) or fields[known].annotation is Any, known


def test_an_answer_of_a_newer_service_is_read() -> None:
    """With fields and words that this client does not know; they are kept."""
    state = read_view(
        queue.QueueState,
        {"paused": False, "paused_at": None, "puts_back_running": False, "queued": 1, "running": 0, "since": "today"},
    )

    assert state.model_extra == {"since": "today"}
