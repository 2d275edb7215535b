"""Let torchvision be imported beside a torch of another build.

The wheels of the package index are compiled for torch with CUDA. Beside torch for CPUs their operators cannot be loaded; then even
`import torchvision` fails, and with it every import of diffusers and of transformers' models. What they use of torchvision is
Python on top of torch, so it is enough to declare the two operators that torchvision's own modules look for while they are
imported. A call of one still says that the builds do not fit.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def prepare_torchvision() -> None:
    """Declare them before torchvision is imported for the first time, if that is necessary then. Imports nothing now."""
    if "torchvision" not in sys.modules and not any(isinstance(each, _BeforeTorchvision) for each in sys.meta_path):
        sys.meta_path.insert(0, _BeforeTorchvision())


class _BeforeTorchvision(MetaPathFinder):
    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            spec = importlib.machinery.PathFinder.find_spec(fullname)
            if spec is not None and spec.origin is not None:
                _declare_operators(Path(spec.origin).parent)
        return None


def _declare_operators(folder: Path) -> None:
    import torch

    try:
        for library in folder.glob("_C*.so"):
            torch.ops.load_library(str(library))
    except OSError:
        for name in _OPERATORS:
            torch.library.define(f"torchvision::{name}", _SCHEMA)
