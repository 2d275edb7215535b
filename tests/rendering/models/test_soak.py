"""Many jobs over more models than there is room for."""

from __future__ import annotations

import pytest

from bench.soak.compare import BOUND_SECONDS, compare


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_preferring_what_is_in_memory_saves_loads() -> None:
    """200 mixed jobs over four models with room for two all succeed, wait no longer than the bound, and load models five
    times less often than first-come-first-served.
    """
    soaks = compare(200)

    assert soaks.by_affinity.statuses == soaks.first_come.statuses == {"succeeded": 200}
    assert soaks.by_affinity.wait_seconds_max < BOUND_SECONDS
    assert soaks.saved_loads >= 5
