"""`POST /v1/prompts/check`: what a prompt says, and how a model reads it."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.no_query import takes_no_query
from api.prompts.blueprint import prompts_blueprint
from api.v1 import describe_problems
from core.catalog import get_catalog
from core.jobs.request.parameters import takes_negative_prompt
from core.jobs.request.render_request import Prompt
from core.jobs.request.resolve_request import check_model
from core.prompts import check_prompt as use_case
from core.prompts.build_report import list_texts
from core.prompts.prompt_report import PromptReport
from core.settings import get_settings


class PromptRequest(BaseModel):
    """The texts of a job that is still to be sent."""

    model_config = ConfigDict(extra="forbid", strict=True)

    prompt: Prompt
    negative_prompt: Prompt | None = None
    model: str | None = Field(
        default=None, description="Null: the deployment's default model.", examples=["picturebook"]
    )


class CheckedPrompt(PromptReport):
    """The report, and the model that it is for."""

    model: str


@prompts_blueprint.post(
    "/prompts/check",
    summary="Check a prompt",
    responses={
        200: CheckedPrompt,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def check_prompt(body: PromptRequest) -> Response:
    """What the texts name (objects, colours, styles, light, composition, materials), what of them each text encoder of the model reads
    and what it cuts off, which words it reads in scraps, what contradicts itself, and advice. Nothing is rendered or queued, and
    nothing is kept. Places in the texts are Unicode code points: a page can underline them.

    `tokens` is null until a worker has drawn with the model. A job has the same report when it has succeeded (`prompt_report`).
    """
    return answer(report_prompt(body))


def report_prompt(body: PromptRequest) -> CheckedPrompt:
    """What the texts say. Raises InvalidRequest for a model that is not there."""
    catalog = get_catalog()
    model_id = check_model(body.model or get_settings().default_model, catalog)
    report = use_case.check_prompt(
        list_texts(body.model_dump()),
        model_id=model_id,
        revision=catalog.revision(model_id) if catalog.is_available(model_id) else None,
        takes_negative_prompt=takes_negative_prompt(catalog, model_id),
    )
    return CheckedPrompt(model=model_id, **dict(report))
