"""`make bench-models` measures the models that it names."""

from __future__ import annotations

import pytest
import torch

from bench.denoisers.known import DENOISERS
from bench.denoisers.measure import Settings, measure, measure_matrix_product

#: Millions of parameters, as published.
PUBLISHED = {"sd15": 860, "sdxl": 2567, "flux1": 11901, "z-image": 6155}


@pytest.mark.parametrize("name", DENOISERS)
def test_full_size_is_the_published_size(name: str) -> None:
    """The denoisers have as many parameters as the models that they are named after."""
    model = DENOISERS[name].build(tiny=False, device=torch.device("meta"), dtype=torch.bfloat16)

    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    assert millions == pytest.approx(PUBLISHED[name], rel=0.002)
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize("name", DENOISERS)
def test_rates_come_from_what_was_computed(name: str) -> None:
    """Two rows compute twice as much as one, and the rate is that divided by the time."""
    device = torch.device("cpu")
    settings = Settings(device=device, dtype=torch.float32, tiny=True, side=64, rows=(1, 2), ways=("eager",), rounds=1)
    one, two = measure(name, DENOISERS[name], settings, matrix_product=2.0)

    computed = [item.tflops_per_second * item.milliseconds[0] for item in (one, two)]
    assert computed[1] == pytest.approx(2 * computed[0], rel=0.05)
    assert one.share_of_matrix_product == pytest.approx(one.tflops_per_second / 2)


def test_the_matrix_product_has_a_rate() -> None:
    """The device's best, with which the denoisers are compared."""
    assert measure_matrix_product(torch.device("cpu"), torch.float32, rounds=1) > 0
