"""A tiny family for every pipeline class that is served: those that most tests draw with, and the others."""

from __future__ import annotations

from bench.tiny_families import FAMILIES, controlnets, flux, language_transformers, older_transformers
from bench.tiny_families.family import Family

#: The families of each file, in the table's order.
_OTHERS: tuple[tuple[Family, ...], ...] = (
    flux.FAMILIES,
    controlnets.FAMILIES,
    older_transformers.FAMILIES,
    language_transformers.FAMILIES,
)

EVERY_FAMILY: dict[str, Family] = FAMILIES | {family.id: family for families in _OTHERS for family in families}
