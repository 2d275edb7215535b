"""Name the package that a model needs and that is not installed here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import diffusers.utils.import_utils
import transformers.utils.import_utils

#: Packages whose name differs from the one under which diffusers or transformers ask for them.
_PACKAGES = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "google": "protobuf",
    "onnx": "onnxruntime",
    "opencv": "opencv-python",
    "PIL": "pillow",
    "speech": "torchaudio",
    "vision": "pillow",
    "yaml": "pyyaml",
}
#: What reads the vocabulary of a tokenizer that has no `tokenizer.json`.
_SENTENCEPIECE = {"sentencepiece": "sentencepiece", "google.protobuf": "protobuf"}


def find_missing_packages(wanted: type) -> list[str]:
    """The packages without which the class is only a name here. Both libraries have such classes."""
    backends = vars(wanted).get("_backends", ())
    return [_PACKAGES.get(name, name) for name in map(str, backends) if not _is_available(name)]


def find_packages_for_tokenizer(folder: Path) -> list[str]:
    """The packages that are missing for the tokenizer in that folder; without them transformers asks for another one (tiktoken)."""
    if (folder / "tokenizer.json").is_file() or not any(folder.glob("*.model")):
        return []
    return [package for module, package in _SENTENCEPIECE.items() if not _is_installed(module)]


def name_missing_packages(error: BaseException) -> list[str]:
    """The packages that an error, or one that led to it, says are missing."""
    for each in _walk(error):
        if isinstance(each, ModuleNotFoundError) and each.name and not _is_installed(each.name):
            return [_PACKAGES.get(each.name.partition(".")[0], each.name.partition(".")[0])]
        if isinstance(each, ImportError):
            words = {word.lower() for word in re.findall(r"[\w-]+", str(each))}
            if named := sorted(_PACKAGES.get(name, name) for name in _list_unavailable() if name in words):
                return named
    return []


def _is_available(backend: str) -> bool:
    mappings = (diffusers.utils.import_utils.BACKENDS_MAPPING, transformers.utils.import_utils.BACKENDS_MAPPING)
    return all(bool(mapping[backend][0]()) for mapping in mappings if backend in mapping)


def _list_unavailable() -> list[str]:
    known = {*diffusers.utils.import_utils.BACKENDS_MAPPING, *transformers.utils.import_utils.BACKENDS_MAPPING}
    return sorted(backend for backend in known if not _is_available(backend))


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False


def _walk(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
