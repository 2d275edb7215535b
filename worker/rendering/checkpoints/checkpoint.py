"""The state of a render between two steps, and its form as bytes: one safetensors file with a JSON header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from worker.rendering.checkpoints.subject import Subject
from worker.rendering.checkpoints.trees import Tree
from worker.rendering.errors import CheckpointRefused

#: Increased with every change that an older or a newer reader would misread.
FORMAT_VERSION = 1

_HEADER, _DIGEST = "darkroom_checkpoint", "sha256"
#: A safetensors file begins with the length of its header, in this many bytes.
_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Checkpoint:
    """A job's state after a step, and everything that it takes to resume it. Its tensors are copies, on the CPU."""

    #: What it is a checkpoint of: only a render with an equal subject can resume from it.
    subject: Subject
    #: The scheduler's steps that are done, from 1, and the number of steps in the render.
    step: int
    steps: int
    #: The scheduler's attributes that its steps have changed, the result of its latest step, and the states of the job's
    #: generators.
    state: Mapping[str, Tree]
    #: The forms of the denoisers' answers; and for each step its calls: the module's name and the index of the form.
    forms: list[Tree]
    calls: list[list[tuple[str, int]]]
    tensors: Mapping[str, torch.Tensor]

    def to_bytes(self) -> bytes:
        """A safetensors file whose metadata holds the rest as JSON, with a digest of everything."""
        header = {
            "format": FORMAT_VERSION,
            "subject": self.subject,
            "step": self.step,
            "steps": self.steps,
            "state": self.state,
            "forms": self.forms,
            "calls": self.calls,
        }
        text = json.dumps(header, sort_keys=True)
        metadata = {_HEADER: text, _DIGEST: _digest(text, self.tensors)}
        content: bytes = safetensors.torch.save(dict(self.tensors), metadata)
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> Checkpoint:
        """The checkpoint that `to_bytes` wrote. Raises CheckpointRefused if it is damaged or has another format."""
        text, digest = _read_metadata(content)
        try:
            header = json.loads(text)
            if header["format"] != FORMAT_VERSION:
                raise CheckpointRefused(f"The checkpoint has format {header['format']}, not {FORMAT_VERSION}.")
            tensors = safetensors.torch.load(content)
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise CheckpointRefused("The checkpoint is damaged.") from error
        if _digest(text, tensors) != digest:
            raise CheckpointRefused("The checkpoint is damaged: its digest is another.")
        return cls(
            subject=header["subject"],
            step=header["step"],
            steps=header["steps"],
            state=header["state"],
            forms=header["forms"],
            calls=[[(name, form) for name, form in step] for step in header["calls"]],
            tensors=tensors,
        )

    def check_matches(self, subject: Subject) -> None:
        """Raises CheckpointRefused, naming the difference, if this is not a checkpoint of the subject."""
        names = sorted(self.subject.keys() | subject.keys())
        other = [name for name in names if self.subject.get(name) != subject.get(name)]
        if other:
            raise CheckpointRefused(f"The checkpoint is not of this job: other {', '.join(other)}.")


def _read_metadata(content: bytes) -> tuple[str, str]:
    """The header's text and the digest. The safetensors library reads metadata from files only."""
    try:
        length = int.from_bytes(content[:_LENGTH_BYTES], "little")
        metadata: dict[str, str] = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + length])["__metadata__"]
        return metadata[_HEADER], metadata[_DIGEST]
    except (ValueError, KeyError, TypeError, MemoryError, OverflowError) as error:
        raise CheckpointRefused("The checkpoint is damaged, or none.") from error


def _digest(text: str, tensors: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
