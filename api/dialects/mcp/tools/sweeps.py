"""One thing in many ways, under one handle."""

from __future__ import annotations

from typing import Any

from mcp_types import CallToolResult, ResourceLink
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import current_account_id
from api.dialects.mcp.tools.tool import build_result, tool
from api.idempotency_key import LONGEST_KEY, IdempotencyKeyText
from api.sweeps.blueprint import SweepPath, current_sender
from core.database import transaction
from core.sweeps import cancel_sweep as use_case
from core.sweeps.create_sweep import create_sweep
from core.sweeps.read_sweeps import read_sweep
from core.sweeps.sweep_request import SweepRequest
from core.sweeps.sweep_view import SweepView

_NEXT = "It has not ended. Call get_sweep again, now or in any later session; find_jobs with `sweep` has its images."


class SweepArguments(BaseModel):
    """Which sweep."""

    model_config = ConfigDict(extra="forbid")

    sweep_id: str = Field(description="As submit_sweep gave it, in this session or an earlier one.")


class SubmitSweepArguments(SweepRequest):
    """A sweep, and a word for this submit."""

    idempotency_key: IdempotencyKeyText | None = Field(
        default=None, max_length=LONGEST_KEY, description="As for a job."
    )


@tool("Draw one thing in many ways", SubmitSweepArguments, changes=True)
def submit_sweep(asked: SubmitSweepArguments) -> CallToolResult:
    """Queues a job for each cell of the product of prompts, styles, seeds and parameters; what they have in common is `base`, the
    arguments of submit_job. Answers at once with its id. In the end there is a contact sheet.
    """
    return _show(create_sweep(asked, current_sender(), idempotency_key=asked.idempotency_key).view)


@tool("Look at a sweep", SweepArguments)
def get_sweep(asked: SweepArguments) -> CallToolResult:
    """How many of its jobs have ended, and a link to its contact sheet once all have. find_jobs with `sweep` has its jobs."""
    sweep_id = SweepPath(sweep_id=asked.sweep_id).parse()
    with transaction() as session:
        return _show(read_sweep(session, account_id=current_account_id(), sweep_id=sweep_id))


@tool("Cancel a sweep", SweepArguments, changes=True, destroys=True)
def cancel_sweep(asked: SweepArguments) -> CallToolResult:
    """Cancels the jobs of a sweep that have not ended."""
    sweep_id = SweepPath(sweep_id=asked.sweep_id).parse()
    return _show(use_case.cancel_sweep(account_id=current_account_id(), sweep_id=sweep_id))


def _show(sweep: SweepView) -> CallToolResult:
    shown: dict[str, Any] = {
        "sweep_id": sweep.id,
        **sweep.model_dump(mode="json", include={"status", "name", "cells", "counts"}),
    }
    if sweep.finished_at is None:
        shown["next"] = _NEXT
    if sweep.contact_sheet is None or sweep.contact_sheet.url is None:
        return build_result(shown)
    url = sweep.contact_sheet.url
    link = ResourceLink(name=f"{sweep.contact_sheet.id}.png", title="Contact sheet", uri=url, mime_type="image/png")
    return build_result({**shown, "contact_sheet": url}, link)
