"""The page's Content-Security-Policy: its own files, this API and the store, and nothing else."""

from __future__ import annotations

from functools import cache

from core.artifacts.store_origin import find_store_origin


@cache
def build_page_policy() -> str:
    """The header's value. No script and no style stands in the page itself, so that none is allowed there."""
    store = find_store_origin()
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' blob: data: {store}",
            f"connect-src 'self' {store}",
            "font-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
