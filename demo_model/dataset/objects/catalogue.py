"""All objects by name, the geometric shapes first."""

from __future__ import annotations

from demo_model.dataset.objects.buildings import BUILDINGS
from demo_model.dataset.objects.geometric import GEOMETRIC
from demo_model.dataset.objects.goods import GOODS
from demo_model.dataset.objects.nature import NATURE
from demo_model.dataset.objects.shape import Shape

SHAPES: dict[str, Shape] = GEOMETRIC | GOODS | BUILDINGS | NATURE
