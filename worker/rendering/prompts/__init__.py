"""A job's prompts: encoded once for all jobs that have them, as a whole if the model can, and their tokens counted."""

from __future__ import annotations

from worker.rendering.prompts.cache import PromptCache
from worker.rendering.prompts.install import install_prompt_cache
from worker.rendering.prompts.reader_store import ReaderStore
from worker.rendering.prompts.report import JobPrompts

__all__ = ["JobPrompts", "PromptCache", "ReaderStore", "install_prompt_cache"]
