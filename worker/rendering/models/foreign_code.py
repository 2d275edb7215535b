"""Refuse model folders that need code of their own, or packages that are not installed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
from diffusers.pipelines.pipeline_loading_utils import simple_get_class_obj

from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.missing_packages import find_missing_packages, find_packages_for_tokenizer
from worker.rendering.models.moved_modules import has_pipeline_module

#: The libraries whose classes a folder may name; diffusers' pipeline modules have some of their own.
_LIBRARIES = frozenset({"diffusers", "transformers"})

#: A component stands in model_index.json as a library and a class.
_PAIR = 2


#: The classes of a pipeline's components, by name.
Components = dict[str, type]


def refuse_foreign_code(folder: Path, model_index: dict[str, Any]) -> Components:
    """The classes of the folder's components. Raises ModelUnavailable if the pipeline or a component is not a class that is installed here, or if a package that one of
    them needs is missing.

    diffusers and transformers would refuse too, but late, with advice to trust the code, or to install another package.
    """
    pipeline_class = _get_pipeline_class(model_index)
    components: Components = {}
    of_pipelines: set[str] = set()
    for name, library, class_name in _list_components(pipeline_class, model_index):
        if library not in _LIBRARIES and not has_pipeline_module(library):
            raise ModelUnavailable(f"{name} comes from {_show(library)}, which is not a library that is used here")
        components[name] = _get_component_class(name, library, class_name)
        if library not in _LIBRARIES:
            of_pipelines.add(name)
        _refuse_missing_packages(name, components[name])
        if missing := find_packages_for_tokenizer(folder / name):
            raise ModelUnavailable(f"its {name} needs {_list(missing)}, not installed here")
    for config in sorted(folder.glob("*/*config*.json")):
        # A class that diffusers has for one pipeline (ChatGLM, the text encoder of Kolors) never runs what its files name.
        if config.parent.name not in of_pipelines and _asks_for_code(config):
            raise ModelUnavailable(f"{config.parent.name} asks for code of its own, which is never run")
    return components


def _list_components(pipeline_class: Any, model_index: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The components that a folder has, each with its library and its class. Everything else that `model_index.json` has is a
    setting. Raises ModelUnavailable for a component that is described in another way.
    """
    parameters = inspect.signature(pipeline_class.__init__).parameters
    optional = getattr(pipeline_class, "_optional_components", ())
    # As diffusers decides it: a parameter with a default is a setting, unless it is an optional component.
    settings = {name for name, each in parameters.items() if each.default is not each.empty and name not in optional}
    for name, value in model_index.items():
        if name.startswith("_") or name in settings:
            continue
        if isinstance(value, list) and len(value) == _PAIR:
            library, class_name = value
            if library is None:  # the pipeline does without it
                continue
            if isinstance(library, str) and isinstance(class_name, str):
                yield name, library, class_name
                continue
        if name in parameters:
            raise ModelUnavailable(f"its model_index.json has {_show(value)} for {name}, which is no library and class")


def _get_component_class(name: str, library: str, class_name: str) -> type:
    try:
        found: type = simple_get_class_obj(library, class_name)
    except AttributeError as error:
        raise ModelUnavailable(
            f"its {name} is a {class_name[:80]}, which the installed {library} does not have"
        ) from error
    return found


def _get_pipeline_class(model_index: dict[str, Any]) -> Any:
    class_name = model_index.get("_class_name")
    found = getattr(diffusers, class_name, None) if isinstance(class_name, str) else None
    if isinstance(found, type):
        # A pipeline whose packages are missing is only a name.
        _refuse_missing_packages("pipeline", found)
        if issubclass(found, diffusers.DiffusionPipeline):
            return found
    raise ModelUnavailable(f"its pipeline {_show(class_name)} is not one of diffusers' own")


def _refuse_missing_packages(name: str, wanted: type) -> None:
    if missing := find_missing_packages(wanted):
        raise ModelUnavailable(f"its {name} ({wanted.__name__}) needs {_list(missing)}, not installed here")


def _list(packages: list[str]) -> str:
    return f"the package{'s' * (len(packages) > 1)} {' and '.join(packages)}"


def _asks_for_code(config: Path) -> bool:
    try:
        content = json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelUnavailable(f"{config.parent.name}/{config.name} is no JSON") from error
    return isinstance(content, dict) and "auto_map" in content


def _show(value: object) -> str:
    return repr(value)[:80]
