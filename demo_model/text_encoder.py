"""The text encoder: token ids [batch, 40] to states [batch, 40, 128], the last three of which name the scene.

CLIP's attention is causal, so the states at the padding after a caption have seen all of it. Training reads the first
thing (left or upper), the second thing and the background off the last three places, the slots, by linear layers
that are thrown away afterwards: the denoiser then finds in them, already bound together, what belongs together.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from .scene import Scene
from .tokenizer import CAPTION_TOKENS
from .vocabulary import BACKGROUNDS, COLOURS, OBJECTS, POSITIONS, SIZES

TEXT_WIDTH = 128

#: What each slot must tell, as the choices to tell apart; a second thing may be absent, which is the last choice.
_THING: tuple[tuple[str, ...], ...] = (tuple(OBJECTS), tuple(COLOURS), tuple(SIZES), tuple(POSITIONS))


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A fresh text encoder for the tokenizer's vocabulary."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=CAPTION_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def token_ids(tokenizer: CLIPTokenizer, captions: Sequence[str]) -> Tensor:
    """Captions as padded token ids, int64 [captions, 40]."""
    encoded = tokenizer(list(captions), padding="max_length", truncation=True, max_length=CAPTION_TOKENS)
    return torch.tensor(encoded.input_ids)


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
