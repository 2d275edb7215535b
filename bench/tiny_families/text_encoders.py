"""Tiny text encoders of the architectures that the families use, with random weights."""

from __future__ import annotations

from typing import Any

from transformers import (
    BertConfig,
    BertModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Gemma2Config,
    Gemma2Model,
    GlmConfig,
    GlmModel,
    LlamaConfig,
    LlamaForCausalLM,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    PreTrainedTokenizerBase,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    SmolLM3Config,
    SmolLM3ForCausalLM,
    T5Config,
    T5EncoderModel,
    T5GemmaConfig,
    T5GemmaEncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

#: Width of the hidden states of each of them.
WIDTH = 32


def clip_text_encoder(tokenizer: PreTrainedTokenizerBase) -> CLIPTextModel:
    return CLIPTextModel(_clip_config(tokenizer))


def clip_text_encoder_with_projection(tokenizer: PreTrainedTokenizerBase) -> CLIPTextModelWithProjection:
    return CLIPTextModelWithProjection(_clip_config(tokenizer))


def t5_text_encoder(tokenizer: PreTrainedTokenizerBase, *, width: int = WIDTH) -> T5EncoderModel:
    config = T5Config(
        vocab_size=len(tokenizer), d_model=width, d_kv=16, d_ff=WIDTH, num_layers=2, num_heads=2, pad_token_id=0
    )
    return T5EncoderModel(config)


def umt5_text_encoder(tokenizer: PreTrainedTokenizerBase) -> UMT5EncoderModel:
    config = UMT5Config(
        vocab_size=len(tokenizer), d_model=WIDTH, d_kv=16, d_ff=WIDTH, num_layers=2, num_heads=2, pad_token_id=0
    )
    return UMT5EncoderModel(config)


def bert_text_encoder(tokenizer: PreTrainedTokenizerBase) -> BertModel:
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=WIDTH,
        max_position_embeddings=77,
    )
    return BertModel(config)


def gemma_text_encoder(tokenizer: PreTrainedTokenizerBase) -> Gemma2Model:
    config = Gemma2Config(**_decoder(tokenizer, layers=2), head_dim=16, attn_implementation="eager")
    return Gemma2Model(config)


def t5gemma_text_encoder(tokenizer: PreTrainedTokenizerBase) -> T5GemmaEncoderModel:
    config = T5GemmaConfig(
        encoder=_decoder(tokenizer, layers=2) | {"head_dim": 16, "attn_implementation": "eager"},
        is_encoder_decoder=False,
    )
    return T5GemmaEncoderModel(config)


def glm_text_encoder(tokenizer: PreTrainedTokenizerBase) -> GlmModel:
    return GlmModel(GlmConfig(**_decoder(tokenizer, layers=2), head_dim=16))


def qwen3_vision_text_encoder(
    tokenizer: PreTrainedTokenizerBase, *, layers: int = 2
) -> Qwen3VLForConditionalGeneration:
    config = Qwen3VLConfig(
        text_config=_decoder(tokenizer, layers=layers)
        | {"head_dim": 16, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [3, 3, 2]}},
        vision_config={
            "depth": 1,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
            "deepstack_visual_indexes": [0],
            "num_position_embeddings": 16,
        },
    )
    return Qwen3VLForConditionalGeneration(config)


def qwen3_text_encoder(tokenizer: PreTrainedTokenizerBase) -> Qwen3Model:
    return Qwen3Model(Qwen3Config(**_decoder(tokenizer, layers=2), head_dim=16))


def qwen3_causal_text_encoder(tokenizer: PreTrainedTokenizerBase) -> Qwen3ForCausalLM:
    """As deep as FLUX.2 klein's must be: its pipeline reads the states after layers 9, 18 and 27."""
    return Qwen3ForCausalLM(Qwen3Config(**_decoder(tokenizer, layers=28), head_dim=16))


def qwen_vision_text_encoder(tokenizer: PreTrainedTokenizerBase) -> Qwen2_5_VLForConditionalGeneration:
    config = Qwen2_5_VLConfig(
        text_config=_decoder(tokenizer, layers=2)
        | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]}},
        vision_config={
            "depth": 1,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
        },
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def qwen_seeing_text_encoder(tokenizer: PreTrainedTokenizerBase) -> Qwen2_5_VLForConditionalGeneration:
    """It reads pictures between the words."""
    config = qwen_vision_text_encoder(tokenizer).config
    return Qwen2_5_VLForConditionalGeneration(_name_tokens(config, tokenizer))


def qwen3_seeing_text_encoder(
    tokenizer: PreTrainedTokenizerBase, *, layers: int = 2
) -> Qwen3VLForConditionalGeneration:
    """It reads pictures between the words."""
    config = qwen3_vision_text_encoder(tokenizer, layers=layers).config
    return Qwen3VLForConditionalGeneration(_name_tokens(config, tokenizer))


def smol_text_encoder(tokenizer: PreTrainedTokenizerBase) -> SmolLM3ForCausalLM:
    return SmolLM3ForCausalLM(SmolLM3Config(**_decoder(tokenizer, layers=2)))


def mistral_text_encoder(tokenizer: PreTrainedTokenizerBase, *, layers: int) -> Mistral3ForConditionalGeneration:
    config = Mistral3Config(
        text_config={"model_type": "mistral", **_decoder(tokenizer, layers=layers), "head_dim": 16},
        vision_config={
            "model_type": "pixtral",
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "head_dim": 16,
            "image_size": 112,
            "patch_size": 16,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("[IMG]"),
    )
    return Mistral3ForConditionalGeneration(config)


def llama_text_encoder(tokenizer: PreTrainedTokenizerBase) -> LlamaForCausalLM:
    return LlamaForCausalLM(LlamaConfig(**_decoder(tokenizer, layers=2), attn_implementation="eager"))


def _name_tokens(config: Any, tokenizer: PreTrainedTokenizerBase) -> Any:
    for name in ("image", "video"):
        setattr(config, f"{name}_token_id", tokenizer.convert_tokens_to_ids(f"<|{name}_pad|>"))
    for name in ("start", "end"):
        setattr(config, f"vision_{name}_token_id", tokenizer.convert_tokens_to_ids(f"<|vision_{name}|>"))
    return config


def _clip_config(tokenizer: PreTrainedTokenizerBase) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        # SDXL reads the last layer but one.
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _decoder(tokenizer: PreTrainedTokenizerBase, *, layers: int) -> dict[str, object]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
