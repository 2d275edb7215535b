"""Picturebook: the small text-to-image model that ships with Darkroom, with its data, training and evaluation."""

from __future__ import annotations

import worker.rendering  # noqa: F401  (before torch and diffusers: it prepares the process for them)
