"""The models file."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog import load_catalog
from core.errors import InvalidCatalog
from tests.conftest import REPOSITORY

ENTRY = """
[models.one]
source = "weights"
revision = "1"
licence = "Apache-2.0"
commercial_use = true
default_width = 64
default_height = 64
max_width = 128
max_height = 128
default_steps = 4
max_steps = 8
default_guidance_scale = 1.0
schedulers = ["ddim"]
default_scheduler = "ddim"
"""


def test_the_shipped_file_is_valid() -> None:
    """models.toml loads, and its sources are folders in diffusers' layout."""
    catalog = load_catalog(REPOSITORY / "models.toml")

    for model_id in catalog.models:
        assert (catalog.source_path(model_id) / "model_index.json").is_file()


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('licence = "Apache-2.0"\n', "", "models.one.licence"),
        ("max_width = 128", "max_width = 100", "models.one.max_width"),
        ("max_width = 128", "max_width = 32", "default size"),
        ("max_steps = 8", "max_steps = 2", "default_steps"),
        ('default_scheduler = "ddim"', 'default_scheduler = "euler"', "default_scheduler"),
        ('revision = "1"', 'revision = "1"\ncolour = "red"', "models.one.colour"),
        ("[models.one]", "[models.'../one']", "models"),
        ('source = "weights"', "source = ", "line"),
        (ENTRY, "", "models"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, before: str, after: str, reason: str) -> None:
    """What is missing, unknown or impossible is said with its place and the file's name."""
    file = tmp_path / "models.toml"
    file.write_text(ENTRY.replace(before, after))

    with pytest.raises(InvalidCatalog, match=reason) as caught:
        load_catalog(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A wrong MODELS_FILE says which file it looked for."""
    with pytest.raises(InvalidCatalog, match=r"nowhere\.toml"):
        load_catalog(tmp_path / "nowhere.toml")
