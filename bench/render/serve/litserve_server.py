"""LitServe in front of the pipeline: as its documentation shows it, or with its batching and groups in `predict`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import litserve
from fastapi import Response

from bench.render.grouping import group_jobs
from bench.render.jobs import Job
from bench.render.serve.batches import WAIT_FOR_COMPANY_SECONDS
from bench.render.serve.setting import Setting, read_setting

#: With its default of 30 s the last jobs of a long queue would be answered with 504.
TIMEOUT_SECONDS = 900


class OneAtATime(litserve.LitAPI):
    """The documented set-up: one call of the pipeline for each request."""

    def __init__(self, setting: Setting, **options: Any) -> None:
        super().__init__(**options)
        self._setting = setting

    def setup(self, device: str) -> None:
        """Load the pipeline, in LitServe's worker process."""
        from bench.render.picture_pipeline import PicturePipeline

        self.pipeline = PicturePipeline(self._setting.model, device=device, threads=self._setting.threads)

    def predict(self, body: Any) -> Any:
        """The PNG of the job in the JSON body."""
        return self.pipeline.render([Job(**body)])[0]

    def encode_response(self, png: bytes) -> Response:
        """The PNG as it is."""
        return Response(png, media_type="image/png")


class Grouped(OneAtATime):
    """Its best set-up: LitServe collects a batch, and each group with equal parameters in it is one call."""

    def predict(self, bodies: Sequence[dict[str, Any]]) -> list[bytes]:
        """The jobs' PNGs, all at once: LitServe cannot answer a part of a batch before the rest."""
        jobs = [Job(**body) for body in bodies]
        pngs: dict[int, bytes] = {}
        for positions in group_jobs(jobs, max_rows=self._setting.max_batch):
            pngs.update(zip(positions, self.pipeline.render([jobs[position] for position in positions]), strict=True))
        return [pngs[position] for position in range(len(jobs))]


def main() -> None:
    """Serve on the loopback address until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grouped", action="store_true")
    setting = read_setting()
    api = (
        Grouped(setting, max_batch_size=setting.max_batch, batch_timeout=WAIT_FOR_COMPANY_SECONDS)
        if parser.parse_args().grouped
        else OneAtATime(setting)
    )
    server = litserve.LitServer(api, accelerator=setting.device, devices=1, timeout=TIMEOUT_SECONDS)
    server.run(host="127.0.0.1", port=setting.port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main()
