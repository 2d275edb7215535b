"""The text encoder: token ids [batch, 77] to states [batch, 77, 128], the last four of which name the scene.

CLIP's attention is causal, so the states at the padding after a caption have seen all of it. The last four places are
the slots: training reads the first thing (left or upper), the second thing, the background and the style off them, with
linear layers that are thrown away afterwards (`slot_reader`). In a slot the denoiser finds the words of one thing
together.
"""

from __future__ import annotations

from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from demo_model.text_encoder.tokenizer import CAPTION_TOKENS

TEXT_WIDTH = 128


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
