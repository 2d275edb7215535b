"""Which files of a repository a model needs: its components' configurations, tokenizers and safetensors, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

#: Nothing here can hold code: no pickles, no Python, no compiled graphs.
_SUFFIXES = {".json", ".txt", ".model", ".jinja", ".safetensors"}


def select_files(
    paths: Iterable[str], *, components: Iterable[str] | None, variant: str | None, subfolder: str = ""
) -> list[str]:
    """The paths that the model needs, sorted; those of a `subfolder`, if only that is meant.

    `components` are the folders that `model_index.json` names; None for a repository that is one component itself.
    In a folder that has weights of the variant, only those are taken; in other folders, only the weights without a variant.
    """
    folders = {""} if components is None else {"", *components}
    inside = [path.relative_to(subfolder) for path in map(PurePosixPath, paths) if path.is_relative_to(subfolder)]
    wanted = [
        path
        for path in inside
        if path.suffix in _SUFFIXES and _folder(path) in folders and not (components is not None and _is_loose(path))
    ]
    has_variant = {_folder(path) for path in wanted if _is_weights(path) and _is_variant(path, variant)}
    return sorted(
        str(subfolder / path)
        for path in wanted
        if not _is_weights(path)
        or (_is_variant(path, variant) if _folder(path) in has_variant else "." not in _bare_name(path))
    )


def _folder(path: PurePosixPath) -> str:
    return "" if str(path.parent) == "." else str(path.parent)


def _is_loose(path: PurePosixPath) -> bool:
    # Many repositories have the same weights once more in a single file, for other programs.
    return _folder(path) == "" and path.name != "model_index.json"


def _is_weights(path: PurePosixPath) -> bool:
    return path.suffix == ".safetensors" or ".safetensors.index" in path.name


def _bare_name(path: PurePosixPath) -> str:
    """The name without what marks it as weights or as their index: `model.fp16` of `model.safetensors.index.fp16.json`."""
    return path.name.removesuffix(".json").replace(".safetensors.index", "").removesuffix(".safetensors")


def _is_variant(path: PurePosixPath, variant: str | None) -> bool:
    # A part of sharded weights is called `model-00001-of-00002.fp16` by some and `model.fp16-00001-of-00002` by others.
    return variant is not None and re.search(rf"\.{variant}(-\d+-of-\d+)?$", _bare_name(path)) is not None
