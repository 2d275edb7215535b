"""BentoML in front of the pipeline, as its documentation shows it: one call for each request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import bentoml

from bench.render.jobs import Job
from bench.render.picture_pipeline import PicturePipeline
from bench.render.serve.setting import read_setting


@bentoml.service(workers=1, traffic={"timeout": 900})
class Renderer:
    """One worker process; BentoML calls a synchronous API in one thread."""

    def __init__(self) -> None:
        setting = read_setting()
        self.pipeline = PicturePipeline(setting.model, device=setting.device, threads=setting.threads)

    @bentoml.api
    def render(
        self, job: dict[str, Any], ctx: bentoml.Context
    ) -> Annotated[Path, bentoml.validators.ContentType("image/png")]:
        """The job's PNG, as a file in the request's temporary folder: BentoML returns encoded images in this way."""
        path = Path(ctx.temp_dir) / "image.png"
        path.write_bytes(self.pipeline.render([Job(**job)])[0])
        return path
