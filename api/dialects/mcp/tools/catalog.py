"""What can be drawn with, and how a prompt is read."""

from __future__ import annotations

from mcp_types import CallToolResult
from pydantic import BaseModel, ConfigDict, Field

from api.dialects.mcp.tools.tool import build_result, tool
from api.models.blueprint import build_model_view
from api.prompts.check_prompt import PromptRequest, report_prompt
from api.styles.list_styles import list_style_views
from core.catalog import get_catalog
from core.jobs.request.parameter_schema import describe_parameters
from core.settings import get_settings

#: What of a model a list says.
_OF_A_MODEL = {
    *("id", "is_default", "ready", "reason", "description", "tasks", "default_width", "default_height", "max_width"),
    *("max_height", "size_step", "default_num_inference_steps", "max_num_inference_steps", "max_num_images", "licence"),
}

_OF_A_STYLE = {"name", "title", "description", "example"}


class ModelArguments(BaseModel):
    """Of all models, or of one."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(default=None, description="Only this model, or what works with it.")


@tool("List models", ModelArguments)
def list_models(asked: ModelArguments) -> CallToolResult:
    """The models that draw here, with sizes, steps and limits; with `model`, that one and every parameter that it takes."""
    catalog, default = get_catalog(), get_settings().default_model
    if asked.model is not None:
        shown = build_model_view(catalog, asked.model, default_model=default).model_dump(mode="json")
        return build_result({**shown, "parameters": {**describe_parameters(catalog, asked.model)}})
    views = [build_model_view(catalog, each, default_model=default) for each in catalog.models]
    shown_ones = [view.model_dump(mode="json", include=_OF_A_MODEL) for view in views if view.is_available]
    return build_result({"models": shown_ones})


@tool("List styles", ModelArguments)
def list_styles(asked: ModelArguments) -> CallToolResult:
    """Styles that `style` of a job may name: each puts the prompt into a frame, and has defaults."""
    views = list_style_views(asked.model)
    return build_result({"styles": [view.model_dump(mode="json", include=_OF_A_STYLE) for view in views]})


@tool("Check a prompt", PromptRequest)
def check_prompt(asked: PromptRequest) -> CallToolResult:
    """What a prompt names, how much of it the model reads and what is cut off, what contradicts itself, and advice. Nothing is drawn."""
    return build_result(report_prompt(asked).model_dump(mode="json"))
