"""BentoML's best set-up: its adaptive batching collects jobs, and each group with equal parameters is one call."""

from __future__ import annotations

import base64
from typing import Any

import bentoml

from bench.render.grouping import group_jobs
from bench.render.jobs import Job
from bench.render.picture_pipeline import PicturePipeline
from bench.render.serve.setting import read_setting

_SETTING = read_setting()


@bentoml.service(workers=1, traffic={"timeout": 900})
class Renderer:
    """One worker process. Clients send lists of one, which saves BentoML's wrapper service and its second hop."""

    def __init__(self) -> None:
        self.pipeline = PicturePipeline(_SETTING.model, device=_SETTING.device, threads=_SETTING.threads)

    # BentoML refuses a request whose answer would take longer than this latency: too long to matter here.
    @bentoml.api(batchable=True, max_batch_size=_SETTING.max_batch, max_latency_ms=900_000)
    def render(self, jobs: list[dict[str, Any]]) -> list[str]:
        """The jobs' PNGs in base64, all at once: a batch is answered as a whole."""
        asked = [Job(**job) for job in jobs]
        pngs: dict[int, str] = {}
        for positions in group_jobs(asked, max_rows=_SETTING.max_batch):
            for position, png in zip(
                positions, self.pipeline.render([asked[position] for position in positions]), strict=True
            ):
                pngs[position] = base64.b64encode(png).decode()
        return [pngs[position] for position in range(len(asked))]
