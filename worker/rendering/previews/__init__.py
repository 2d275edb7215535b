"""Previews: small pictures of what a job's latents hold already, drawn beside the rendering and never before it."""

from __future__ import annotations

from worker.rendering.previews.maker import JobPreview, PreviewMaker

__all__ = ["JobPreview", "PreviewMaker"]
