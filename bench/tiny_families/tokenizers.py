"""Small real tokenizers, built here: nothing is downloaded, and any text can be read."""

from __future__ import annotations

import json
import string

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    BertTokenizer,
    CLIPTokenizer,
    GemmaTokenizer,
    GPT2Tokenizer,
    PreTrainedTokenizerFast,
    Qwen2Tokenizer,
    T5Tokenizer,
)

#: The texts from which pairs of letters are learnt; other texts take a few more tokens.
SENTENCES = (
    "a photo of an astronaut riding a horse on mars, highly detailed, sharp focus",
    "a large red mug and a small blue bowl on a yellow background",
    "blurry, low quality, watermark, text, deformed hands",
    (
        "system user assistant Describe the image by detailing the color, shape, size, texture, quantity, text, "
        "spatial relationships of the objects and background:"
    ),
    (
        "Given a user prompt, generate an 'Enhanced prompt' that provides detailed visual descriptions suitable for image "
        "generation. Evaluate the level of detail in the user prompt: - If the prompt is simple, focus on adding specifics "
        "about colors, shapes, sizes, textures, and spatial relationships to create vivid and concrete scenes."
    ),
)

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def clip_tokenizer() -> CLIPTokenizer:
    """A token for every letter, so that short texts already exceed 77 tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=[], model_max_length=77)


def bert_tokenizer() -> BertTokenizer:
    """A token for every letter, at the beginning of a word and inside."""
    letters = string.ascii_lowercase + string.digits + string.punctuation
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters)]
    return BertTokenizer(vocab={token: index for index, token in enumerate(tokens)}, model_max_length=77)


def t5_tokenizer() -> T5Tokenizer:
    """A token for every letter; the last one is `</s>`."""
    pieces = ["<pad>", "</s>", "<unk>", "▁", *string.printable.strip()]
    return T5Tokenizer(vocab=[(piece, -1.0) for piece in pieces], extra_ids=0, model_max_length=512)


def qwen_tokenizer() -> Qwen2Tokenizer:
    """Byte pairs and a chat template; it adds nothing to a text."""
    vocabulary, merges = _learn_pairs(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], Qwen2Tokenizer())
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary, merges=merges, additional_special_tokens=["<|im_start|>", "<|im_end|>"]
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def gpt2_tokenizer() -> GPT2Tokenizer:
    """A token for every byte."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    return GPT2Tokenizer(vocab={token: index for index, token in enumerate([*letters, "<|endoftext|>"])}, merges=[])


def gemma_tokenizer() -> GemmaTokenizer:
    """Pairs of letters."""
    vocabulary, merges = _learn_pairs(["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"], GemmaTokenizer())
    return GemmaTokenizer(vocab=vocabulary, merges=merges)


SEEING_CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

MISTRAL_CHAT_TEMPLATE = (
    "{% for message in messages %}[{{ message['role'] }}]{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}[IMG]{% else %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}</s>{% endfor %}"
)


def qwen_seeing_tokenizer() -> Qwen2Tokenizer:
    """With the tokens that stand for a picture; a message may hold several parts."""
    places = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    vocabulary, merges = _learn_pairs(["<|endoftext|>", *places], Qwen2Tokenizer())
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges, additional_special_tokens=places)
    tokenizer.chat_template = SEEING_CHAT_TEMPLATE
    return tokenizer


def mistral_tokenizer() -> PreTrainedTokenizerFast:
    """Byte pairs, as Mistral 3 has them, and the tokens that stand for a picture."""
    vocabulary, merges = _learn_pairs(
        ["<unk>", "<s>", "</s>", "<pad>", "[IMG]", "[IMG_BREAK]", "[IMG_END]"], Qwen2Tokenizer()
    )
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    backend.pre_tokenizer = Qwen2Tokenizer().backend_tokenizer.pre_tokenizer
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, additional_special_tokens=["[IMG]", "[IMG_BREAK]", "[IMG_END]"]
    )
    tokenizer.add_special_tokens({"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"})
    tokenizer.chat_template = MISTRAL_CHAT_TEMPLATE
    return tokenizer


def glm_tokenizer() -> PreTrainedTokenizerFast:
    """Byte pairs after the tokens of pictures, and the marks of a grid's beginning and end."""
    pictures = [f"<|picture_{number}|>" for number in range(64)]
    marks = ["<|image|>", "<sop>", "<eop>", "<|begin|>", "<|user|>", "<|end|>", "<pad>"]
    vocabulary, merges = _learn_pairs([*pictures, *marks], Qwen2Tokenizer())
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    backend.pre_tokenizer = Qwen2Tokenizer().backend_tokenizer.pre_tokenizer
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        padding_side="left",
        extra_special_tokens={"image_token": "<|image|>", "grid_bos_token": "<sop>", "grid_eos_token": "<eop>"},
    )
    tokenizer.add_special_tokens({"bos_token": "<|begin|>", "eos_token": "<|end|>", "pad_token": "<pad>"})
    tokenizer.chat_template = (
        "{% for message in messages %}<|user|>{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<|image|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    )
    return tokenizer


def _learn_pairs(special: list[str], like: object) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A vocabulary and its merges for a tokenizer that splits text as `like` does."""
    backend = like.backend_tokenizer  # type: ignore[attr-defined]
    learner = Tokenizer(models.BPE())
    learner.normalizer, learner.pre_tokenizer = backend.normalizer, backend.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=800,
        special_tokens=special,
        initial_alphabet=sorted({*pre_tokenizers.ByteLevel.alphabet(), *string.printable, "▁"}),
        show_progress=False,
    )
    learner.train_from_iterator(SENTENCES, trainer)
    model = json.loads(learner.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]
