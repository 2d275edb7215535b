"""In-flight batching: jobs at different steps, with different settings, share the forwards of one denoiser."""

from __future__ import annotations

from worker.rendering.batching.batch_job import BatchJob
from worker.rendering.batching.batcher import Batcher

__all__ = ["BatchJob", "Batcher"]
