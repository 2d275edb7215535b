"""What a rendering worker does in its slots, without drawing: claims, steps, images and ends, in its usual rhythm."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.queue.noop_task import claim_like_a_worker, draw_nothing, succeed_like_a_worker
from core.live_events.sender import get_event_sender
from core.settings import get_settings
from worker.rendering.attempt.attempt_reports import AttemptReport

#: As RENDER_CONCURRENCY.
_SLOTS = 16

#: Of one job: steps, and seconds of each.
_STEPS = 12
_STEP_SECONDS = 0.1


@contextmanager
def working() -> Iterator[None]:
    """All slots work as long as the block runs."""
    is_over = threading.Event()
    threads = [threading.Thread(target=_work, args=(is_over, number)) for number in range(_SLOTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def end_all() -> None:
    """End every job that is queued, as fast as it goes."""
    while (attempt := claim_like_a_worker(get_settings())) is not None:
        succeed_like_a_worker(attempt, draw_nothing(attempt))


def _work(is_over: threading.Event, number: int) -> None:
    # Not all at the same time: jobs that were not drawn together do not end together.
    time.sleep(number * _STEPS * _STEP_SECONDS / _SLOTS)
    while not is_over.is_set():
        attempt = claim_like_a_worker(get_settings())
        if attempt is None:
            time.sleep(0.02)
            continue
        report = AttemptReport(attempt)
        get_event_sender().announce(attempt.account_id, attempt.job_id)
        for step in range(1, _STEPS + 1):
            time.sleep(_STEP_SECONDS)
            report.reach_step(step)
        rendered = draw_nothing(attempt)
        for image in rendered.images:
            report.store_image(image)
        succeed_like_a_worker(attempt, rendered)
        get_event_sender().announce(attempt.account_id, attempt.job_id)
