"""Measurements: programs that compare Darkroom with other systems and write down the figures."""

from __future__ import annotations

import worker.rendering  # noqa: F401  (before torch and diffusers: it prepares the process for them)
