"""Sections of a models file for tiny models."""

from __future__ import annotations


def write_section(model_id: str, source: str) -> str:
    """A model of one of the tiny families, in a folder beside the models file."""
    return f"""
[models."{model_id}"]
source = "{source}"
revision = "1"
licence = "Apache-2.0"
commercial_use = true
default_width = 64
default_height = 64
max_width = 128
max_height = 128
default_steps = 5
max_steps = 20
schedulers = ["own"]
default_scheduler = "own"
"""
