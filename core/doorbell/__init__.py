"""The doorbell: tells workers through Redis that there is work."""

from __future__ import annotations

from core.doorbell.doorbell import (
    APPLY_RETENTION,
    DELETE_ORPHANS,
    DELIVER_NEXT,
    END_SWEEPS,
    FETCH_NEXT,
    FETCH_QUEUE,
    MAINTENANCE_QUEUE,
    RENDER_NEXT,
    SWEEP,
    SWEEPS_QUEUE,
    WEBHOOK_QUEUE,
    Doorbell,
    get_doorbell,
    render_queue,
)

__all__ = [
    "APPLY_RETENTION",
    "DELETE_ORPHANS",
    "DELIVER_NEXT",
    "END_SWEEPS",
    "FETCH_NEXT",
    "FETCH_QUEUE",
    "MAINTENANCE_QUEUE",
    "RENDER_NEXT",
    "SWEEP",
    "SWEEPS_QUEUE",
    "WEBHOOK_QUEUE",
    "Doorbell",
    "get_doorbell",
    "render_queue",
]
