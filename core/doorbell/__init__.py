"""The doorbell: tells workers through Redis that there is work."""

from __future__ import annotations

from core.doorbell.doorbell import (
    APPLY_RETENTION,
    DELETE_ORPHANS,
    DELIVER_NEXT,
    MAINTENANCE_QUEUE,
    RENDER_NEXT,
    SWEEP,
    WEBHOOK_QUEUE,
    Doorbell,
    get_doorbell,
    render_queue,
)

__all__ = [
    "APPLY_RETENTION",
    "DELETE_ORPHANS",
    "DELIVER_NEXT",
    "MAINTENANCE_QUEUE",
    "RENDER_NEXT",
    "SWEEP",
    "WEBHOOK_QUEUE",
    "Doorbell",
    "get_doorbell",
    "render_queue",
]
