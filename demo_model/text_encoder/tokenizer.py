"""The tokenizer: byte pairs learnt from the captions, so that each of their words is one token."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, trainers
from torch import Tensor
from transformers import CLIPTokenizer

from demo_model.dataset.captions import caption
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.style_wordings import NOTHING_ASKED

#: Tokens in every encoded caption, start, end and padding included: as many as CLIP's own. The last four are slots
#: (`encoder`).
CAPTION_TOKENS = 77
#: Bytes, bytes at a word's end, merges and the two marks. All merges that the captions need fit in.
VOCABULARY_LIMIT = 1400
CAPTIONS_READ = 6000
#: Times that each of the few captions that ask for nothing is read, so that its words are tokens too.
OFTEN = 20

START, END = "<|startoftext|>", "<|endoftext|>"


def build_tokenizer(seed: int) -> CLIPTokenizer:
    """Learns the byte pairs from captions drawn with the seed."""
    generator = np.random.default_rng(seed)
    captions = [caption(random_scene(generator), generator) for _ in range(CAPTIONS_READ)]
    captions += [words for words in NOTHING_ASKED for _ in range(OFTEN)]

    # CLIPTokenizer already splits text into words; only the pairs to merge are learnt here.
    splitter = CLIPTokenizer().backend_tokenizer
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Lowercase()
    learner.pre_tokenizer = splitter.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_LIMIT,
        end_of_word_suffix="</w>",
        initial_alphabet=_byte_letters(),
        special_tokens=[START, END],
        show_progress=False,
    )
    learner.train_from_iterator(captions, trainer)

    model = json.loads(learner.to_str())["model"]
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, merges = Path(folder, "vocab.json"), Path(folder, "merges.txt")
        vocabulary.write_text(json.dumps(model["vocab"]))
        merges.write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]))
        return CLIPTokenizer(
            vocab=str(vocabulary), merges=str(merges), model_max_length=CAPTION_TOKENS, padding_side="right"
        )


def token_ids(tokenizer: CLIPTokenizer, captions: Sequence[str]) -> Tensor:
    """Captions as padded token ids, int64 [captions, 77]."""
    encoded = tokenizer(list(captions), padding="max_length", truncation=True, max_length=CAPTION_TOKENS)
    return torch.tensor(encoded.input_ids)


def _byte_letters() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())
