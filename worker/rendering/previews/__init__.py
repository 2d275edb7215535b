"""Previews: small pictures of a job's latents, drawn while it renders, and never at its expense."""

from __future__ import annotations

from worker.rendering.previews.maker import JobPreview, PreviewMaker

__all__ = ["JobPreview", "PreviewMaker"]
