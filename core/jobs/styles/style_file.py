"""The styles of the deployment: those that come with Darkroom, and what the operator's file makes of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.catalog import list_families
from core.errors import InvalidStyles
from core.field_errors import list_field_errors
from core.jobs.styles.style import Recipe, Style, StyleName
from core.settings import get_settings

BUILT_IN_PATH = Path(__file__).with_name("built_in.toml")

#: The operator's file, beside the models file, if STYLES_FILE names no other.
_BESIDE_THE_MODELS = "styles.toml"


class _StyleFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    styles: dict[StyleName, Recipe] = Field(default_factory=dict)
    #: Styles of Darkroom's own that this deployment does not have.
    without: list[str] = Field(default_factory=list)


def load_styles(styles_file: Path | None, *, models_file: Path) -> Mapping[str, Style]:
    """The styles by name: Darkroom's own first, then those that the operator adds, in a file that is named or beside the models
    file. Raises InvalidStyles with the file, the field and the reason.
    """
    recipes = _read_file(BUILT_IN_PATH).styles
    path = styles_file or models_file.parent / _BESIDE_THE_MODELS
    if styles_file is not None or path.is_file():
        own = _read_file(path)
        if unknown := [name for name in own.without if name not in recipes]:
            raise InvalidStyles(f"{path}: without: there is no style {unknown[0]!r} that comes with Darkroom")
        recipes = {name: recipe for name, recipe in recipes.items() if name not in own.without} | own.styles
    return {name: Style(name, recipe) for name, recipe in recipes.items()}


def _read_file(path: Path) -> _StyleFile:
    try:
        file = _StyleFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidStyles(f"STYLES_FILE is {str(path)!r}, which cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidStyles(f"{path}: {error}") from error
    except ValidationError as error:
        reasons = "; ".join(f"{each.field}: {each.message}" for each in list_field_errors(error))
        raise InvalidStyles(f"{path}: {reasons}") from error
    for name, recipe in file.styles.items():
        if unknown := [family for family in recipe.for_.families if family not in list_families()]:
            raise InvalidStyles(f"{path}: styles.{name}.for.families: there is no family {unknown[0]!r}")
    return file


@cache
def get_built_in_styles() -> Mapping[str, Style]:
    """The styles of this process, read on first use. Raises InvalidStyles."""
    settings = get_settings()
    return load_styles(settings.styles_file, models_file=settings.models_file)
