"""Which files of a repository are fetched."""

from __future__ import annotations

from worker.model_store.select_files import select_files

REPOSITORY = [
    *("README.md", "model_index.json", "model.safetensors", "config.json", "pipeline.py"),
    *("unet/config.json", "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin"),
    *("unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors"),
    *("text_encoder/config.json", "text_encoder/model-00001-of-00002.safetensors"),
    *("text_encoder/model-00002-of-00002.safetensors", "text_encoder/model.safetensors.index.json"),
    *("text_encoder/model.fp16-00001-of-00001.safetensors", "text_encoder/model.safetensors.index.fp16.json"),
    *("vae/config.json", "vae/diffusion_pytorch_model.safetensors", "vae_decoder/model.onnx"),
    *("tokenizer/merges.txt", "tokenizer/spiece.model", "tokenizer/chat_template.jinja"),
    *("other/config.json", "other/diffusion_pytorch_model.safetensors"),
]
COMPONENTS = ["unet", "text_encoder", "vae", "tokenizer", "vae_decoder"]
SMALL = {
    *("model_index.json", "unet/config.json", "text_encoder/config.json", "vae/config.json"),
    *("tokenizer/merges.txt", "tokenizer/spiece.model", "tokenizer/chat_template.jinja"),
}


def test_the_components_safetensors_and_nothing_that_runs() -> None:
    """Of each component: configuration, tokenizer, weights without a variant; no pickles, code or other folders."""
    assert set(select_files(REPOSITORY, components=COMPONENTS, variant=None)) == SMALL | {
        "unet/diffusion_pytorch_model.safetensors",
        "text_encoder/model-00001-of-00002.safetensors",
        "text_encoder/model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.json",
        "vae/diffusion_pytorch_model.safetensors",
    }


def test_a_variant_is_taken_where_there_is_one() -> None:
    """With a variant: its weights and index, and the plain ones of components that do not have it."""
    assert set(select_files(REPOSITORY, components=COMPONENTS, variant="fp16")) == SMALL | {
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.fp16-00001-of-00001.safetensors",
        "text_encoder/model.safetensors.index.fp16.json",
        "vae/diffusion_pytorch_model.safetensors",
    }


def test_a_single_component_lies_at_the_top() -> None:
    """A ControlNet's or an autoencoder's repository has no index: its files at the top are taken."""
    paths = [
        "README.md",
        "config.json",
        "diffusion_pytorch_model.safetensors",
        "diffusion_pytorch_model.bin",
        "a/b.json",
    ]

    assert select_files(paths, components=None, variant=None) == ["config.json", "diffusion_pytorch_model.safetensors"]


def test_one_folder_of_a_repository() -> None:
    """A component in a repository of a whole model: its files alone, by their paths in the repository."""
    assert select_files(REPOSITORY, components=None, variant=None, subfolder="vae") == [
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    ]
