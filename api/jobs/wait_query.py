"""How long a read may wait for the end of its job."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from api.cached_schema import CachedSchema
from api.live.prefer import MOST_WAIT_SECONDS


class WaitQuery(CachedSchema):
    """Wait for the job."""

    model_config = ConfigDict(extra="forbid")

    wait: int = Field(
        default=0,
        ge=0,
        le=MOST_WAIT_SECONDS,
        description="Seconds: the answer comes as soon as the job has ended, and after this time in any case.",
        examples=[30],
    )
