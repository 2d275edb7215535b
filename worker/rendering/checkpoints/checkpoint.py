"""A render between two steps, and its form as bytes: one safetensors file with a JSON header."""

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

#: Raised by one with every change that an older or a newer reader would take for something else.
FORMAT_VERSION = 1

_HEADER, _DIGEST = "darkroom_checkpoint", "sha256"
#: Bytes of the length that a safetensors file begins with.
_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Checkpoint:
    """What a job has done so far, and what it takes to go on. Its tensors are copies, on the CPU."""

    #: What it is a checkpoint of: resumed is only what has the same.
    subject: Subject
    #: Steps of the scheduler that are done, from 1, and all of the render's.
    step: int
    steps: int
    #: The attributes of the scheduler that its steps have changed, what its latest step gave, and the states of the
    #: job's generators.
    state: Mapping[str, Tree]
    #: The forms of what the denoisers answered; and for each step its calls: the module's name and the form's place.
    forms: list[Tree]
    calls: list[list[tuple[str, int]]]
    tensors: Mapping[str, torch.Tensor]

    def to_bytes(self) -> bytes:
        """As a safetensors file whose metadata holds the rest as JSON, with a digest of all of it."""
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
        """The checkpoint that `to_bytes` wrote. Raises CheckpointRefused when it is damaged, or of another format."""
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
        """Raises CheckpointRefused, naming what differs, when this is not of what is to be rendered."""
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
