"""The blueprint of the recall, and how it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.recall.recall import Recall

recall_blueprint = build_blueprint(
    "recall", "recall", "Hand a request over to an open page, to be looked at before it is sent."
)


class RecallView(BaseModel):
    """What the open pages of the account show in their forms."""

    type: str = Field(default="recall", description="Always `recall`.")
    number: int = Field(examples=[1_764_460_800_123_456], description="Grows: a later one has a larger number.")
    at: datetime
    expires_at: datetime = Field(description="From then on it is not kept any more.")
    request: dict[str, Any] = Field(description="A render request as it was handed over: a body for `POST /v1/jobs`.")

    @classmethod
    def build(cls, recall: Recall) -> RecallView:
        return cls(**recall.describe())
