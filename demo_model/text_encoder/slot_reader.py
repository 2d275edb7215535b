"""Reads scenes off the text encoder's slots: what the text encoder is trained with, and thrown away afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from demo_model.dataset.scene import Scene
from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS, OBJECTS, POSITIONS, SIZES
from demo_model.text_encoder.encoder import TEXT_WIDTH

#: What each slot must tell, as the choices to tell apart; a second thing may be absent, which is the last choice.
_THING: tuple[tuple[str, ...], ...] = (tuple(OBJECTS), tuple(COLOURS), tuple(SIZES), tuple(POSITIONS))


class SlotReader(nn.Module):
    """Reads scenes off the slots, to train the text encoder on what captions mean."""

    def __init__(self) -> None:
        super().__init__()
        choices = [len(words) + 1 for words in _THING]
        self.first = nn.Linear(TEXT_WIDTH, sum(choices))
        self.second = nn.Linear(TEXT_WIDTH, sum(choices))
        self.background = nn.Linear(TEXT_WIDTH, len(BACKGROUNDS))
        self.choices = choices

    def forward(self, states: Tensor) -> list[Tensor]:
        """Scores of every question's choices: nine tensors [batch, choices], in the order of `answers`."""
        first = self.first(states[:, -3]).split(self.choices, dim=1)
        second = self.second(states[:, -2]).split(self.choices, dim=1)
        return [*first, *second, self.background(states[:, -1])]


def answers(scenes: Sequence[Scene]) -> Tensor:
    """What `SlotReader` should answer: int64 [scenes, 9], four answers a thing and one for the background."""
    absent = [len(words) for words in _THING]
    rows = []
    for scene in scenes:
        told = [
            [
                words.index(word)
                for words, word in zip(_THING, (thing.object, thing.colour, thing.size, thing.position), strict=True)
            ]
            for thing in scene.things
        ]
        first, second = told[0], told[1] if scene.is_pair else absent
        rows.append([*first, *second, list(BACKGROUNDS).index(scene.background)])
    return torch.tensor(rows)
