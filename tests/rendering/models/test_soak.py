"""Many jobs of more models than fit into memory."""

from __future__ import annotations

import pytest

from bench.soak.compare import BOUND_SECONDS, compare


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_preferring_what_is_in_memory_saves_loads() -> None:
    """200 mixed jobs of four models, with memory for two, all succeed, wait no longer than the limit, and cause a fifth of the
    loads of first come, first served.
    """
    soaks = compare(200)

    assert soaks.by_affinity.statuses == soaks.first_come.statuses == {"succeeded": 200}
    assert soaks.by_affinity.wait_seconds_max < BOUND_SECONDS
    assert soaks.saved_loads >= 5
