"""Reads scenes off the text encoder's slots, to train the encoder; the model that ships has no such reader."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from demo_model.dataset.scene import Scene
from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS, OBJECTS, POSITIONS, SIZES, STYLES
from demo_model.text_encoder.encoder import TEXT_WIDTH

#: The four questions about a thing, each as the words to choose from. One choice more, the last, is an absent thing.
_THING: tuple[tuple[str, ...], ...] = (tuple(OBJECTS), tuple(COLOURS), tuple(SIZES), tuple(POSITIONS))


class SlotReader(nn.Module):
    """Linear layers that name the scene from the states of the slots."""

    def __init__(self) -> None:
        super().__init__()
        choices = [len(words) + 1 for words in _THING]
        self.first = nn.Linear(TEXT_WIDTH, sum(choices))
        self.second = nn.Linear(TEXT_WIDTH, sum(choices))
        self.background = nn.Linear(TEXT_WIDTH, len(BACKGROUNDS))
        self.style = nn.Linear(TEXT_WIDTH, len(STYLES))
        self.choices = choices

    def forward(self, states: Tensor) -> list[Tensor]:
        """Returns the scores of each question's choices: ten tensors [batch, choices], in the order of `answers`."""
        first = self.first(states[:, -4]).split(self.choices, dim=1)
        second = self.second(states[:, -3]).split(self.choices, dim=1)
        return [*first, *second, self.background(states[:, -2]), self.style(states[:, -1])]


def answers(scenes: Sequence[Scene]) -> Tensor:
    """Returns the right answers for `SlotReader`: int64 [scenes, 10], four for each thing, one for the background and one for the style."""
    absent = [len(words) for words in _THING]
    rows = []
    for scene in scenes:
        things = [
            [
                words.index(word)
                for words, word in zip(_THING, (thing.object, thing.colour, thing.size, thing.position), strict=True)
            ]
            for thing in scene.things
        ]
        first, second = things[0], things[1] if scene.is_pair else absent
        rows.append([*first, *second, list(BACKGROUNDS).index(scene.background), STYLES.index(scene.style)])
    return torch.tensor(rows)
