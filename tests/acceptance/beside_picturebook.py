"""A models file with Picturebook and others beside it."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import REPOSITORY


def write_models_file(folder: Path, *sections: str) -> Path:
    """Sources of the sections are relative to the folder."""
    text = (REPOSITORY / "models.toml").read_text()
    picturebook = "[models.picturebook]" + text.partition("[models.picturebook]")[2].partition("\n[models.")[0]
    path = folder / "models.toml"
    path.write_text(picturebook.replace('"demo_model/', f'"{REPOSITORY}/demo_model/') + "".join(sections))
    return path
