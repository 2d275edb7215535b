"""The blueprint of the prompt operations."""

from __future__ import annotations

from api.v1 import build_blueprint

prompts_blueprint = build_blueprint("prompts", "prompts", "What a prompt says, and how a model reads it.")
