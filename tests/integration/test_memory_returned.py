"""The memory of large bodies goes back to the system."""

from __future__ import annotations

import pytest

from bench.bodies.served import serving
from bench.bodies.shapes import list_bodies

#: Megabytes; one storm alone holds 70 MB of bodies at once.
MOST_KEPT = 25


@pytest.mark.slow
def test_a_served_api_is_as_small_after_storms_as_before(api_key: str) -> None:
    """Five storms of eight bodies of 8.7 MB and 64 refused ones of 1 MiB, all of a storm at once."""
    refused = [body for name, body in list_bodies("/v1/jobs") if name.startswith(("loras", "metadata", "prompt:"))]

    with serving(api_key) as api:
        memory = api.measure_storms(refused)

    assert memory.highest > memory.before + MOST_KEPT
    assert memory.after < memory.before + MOST_KEPT
