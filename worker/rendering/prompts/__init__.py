"""What happens to a job's prompts: encoded once for all jobs that ask for them, whole where the model can, counted."""

from __future__ import annotations

from worker.rendering.prompts.cache import PromptCache
from worker.rendering.prompts.install import install_prompt_cache
from worker.rendering.prompts.report import JobPrompts

__all__ = ["JobPrompts", "PromptCache", "install_prompt_cache"]
