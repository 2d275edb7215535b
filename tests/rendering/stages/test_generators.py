"""A job's generators, for pipelines that draw more rows than there are images."""

from __future__ import annotations

import torch
from diffusers.utils.torch_utils import randn_tensor

from worker.rendering.pipelines.generators import Generators


def test_each_images_rows_come_from_its_own_generator() -> None:
    """Two rows for each of two images are those that either image draws alone, in the same order."""
    together = randn_tensor((4, 32), generator=Generators([7, 8]))

    for image, seed in enumerate((7, 8)):
        alone = randn_tensor((2, 32), generator=Generators([seed]))
        assert torch.equal(together[image::2], alone)


def test_they_are_a_list_of_the_images_own() -> None:
    """As pipelines look at them: by their number, one by one, and in slices."""
    generators = Generators([7, 8, 9])

    assert len(generators) == 3
    assert [each.initial_seed() for each in generators] == [7, 8, 9]
    assert [each.initial_seed() for each in generators[1:2]] == [8]
    assert generators[-1] is generators[2]
    assert generators[4] is generators[1]
