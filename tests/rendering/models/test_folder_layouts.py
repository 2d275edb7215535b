"""Every layout of a folder that docs/models.md names is loaded, and draws what the same weights draw in the usual one."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline
from transformers import T5Tokenizer

from bench.tiny_families.tokenizers import SENTENCES, qwen_tokenizer
from tests.rendering.models.conftest import BuildCatalog
from tests.rendering.models.drawing import draw
from worker.rendering.models import Models

#: How the weights of a folder are saved.
SAVED = {
    "one file": {},
    "several files": {"max_shard_size": "100KB"},
    "a variant": {"variant": "fp16"},
    "a variant in several files": {"variant": "fp16", "max_shard_size": "100KB"},
}


@pytest.fixture
def whole(copy_model: Callable[..., Path]) -> Path:
    return copy_model("whole")


def load_and_draw(folder: Path, build_catalog: BuildCatalog) -> tuple[Any, set[str]]:
    models = Models(build_catalog({"model": folder}), device="cpu")
    model = models.load("model")
    drawn = draw(model)
    models.close()
    return drawn, set(model.file_sha256)


@pytest.mark.parametrize("layout", SAVED)
def test_weights_in_a_layout(whole: Path, build_catalog: BuildCatalog, tmp_path: Path, layout: str) -> None:
    """The same weights in one file or in several, ordinary or as a variant; the receipt has every file that was read."""
    expected, _ = load_and_draw(whole, build_catalog)
    folder = tmp_path / "saved"
    DiffusionPipeline.from_pretrained(whole).save_pretrained(folder, **SAVED[layout])

    drawn, files = load_and_draw(folder, build_catalog)

    assert (drawn == expected).all()
    assert files == {str(path.relative_to(folder)) for path in folder.rglob("*.safetensors")}


def test_variants_of_some_components(whole: Path, build_catalog: BuildCatalog, tmp_path: Path) -> None:
    """A folder in which only some components have the variant, and some have both."""
    expected, _ = load_and_draw(whole, build_catalog)
    DiffusionPipeline.from_pretrained(whole).save_pretrained(tmp_path / "half", variant="fp16")
    unet = "unet/diffusion_pytorch_model.fp16.safetensors"
    vae = "vae/diffusion_pytorch_model.fp16.safetensors"
    for file in (unet, vae):
        (tmp_path / "half" / file).rename(whole / file)
    (whole / "unet/diffusion_pytorch_model.safetensors").unlink()

    drawn, files = load_and_draw(whole, build_catalog)

    assert (drawn == expected).all()
    assert files == {unet, vae, "text_encoder/model.safetensors"}


def test_old_shards_of_a_variant(whole: Path, build_catalog: BuildCatalog, tmp_path: Path) -> None:
    """Some write the variant behind the number of a shard."""
    expected, _ = load_and_draw(whole, build_catalog)
    folder = tmp_path / "old"
    DiffusionPipeline.from_pretrained(whole).save_pretrained(folder, variant="fp16", max_shard_size="100KB")
    index = next(folder.glob("unet/*.index.fp16.json"))
    content = json.loads(index.read_text())
    for path in sorted(folder.glob("unet/*.fp16-*.safetensors")):
        new = path.name.replace(".fp16", "").replace(".safetensors", ".fp16.safetensors")
        content["weight_map"] = {
            name: new if file == path.name else file for name, file in content["weight_map"].items()
        }
        path.rename(path.with_name(new))
    index.write_text(json.dumps(content))

    drawn, _ = load_and_draw(folder, build_catalog)

    assert (drawn == expected).all()


def test_a_vocabulary_of_sentencepiece(
    tmp_path: Path, copy_model: Callable[..., Path], build_catalog: BuildCatalog
) -> None:
    """A T5 tokenizer that is a `spiece.model`, as most are published."""
    import sentencepiece

    folder = copy_model("pixart", family="pixart")
    known = T5Tokenizer.from_pretrained(folder / "tokenizer")
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=written,
        vocab_size=len(known) - 3,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    for file in (folder / "tokenizer").iterdir():
        file.unlink()
    (folder / "tokenizer/spiece.model").write_bytes(written.getvalue())
    (folder / "tokenizer/tokenizer_config.json").write_text(json.dumps({"extra_ids": 0, "model_max_length": 512}))
    models = Models(build_catalog({"pixart": folder}), device="cpu")

    pipeline: Any = models.load("pixart").pipeline

    [ids] = pipeline.tokenizer(["a large red mug"]).input_ids
    assert pipeline.tokenizer.decode(ids, skip_special_tokens=True) == "a large red mug"
    models.close()


def test_a_processor_of_qwen_is_loaded(tmp_path: Path) -> None:
    """What Qwen-Image-Edit reads pictures with needs torchvision."""
    from transformers import Qwen2VLProcessor

    qwen_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "image_processor_type": "Qwen2VLImageProcessor",
                "processor_class": "Qwen2_5_VLProcessor",
                "patch_size": 14,
            }
        )
    )
    processor = Qwen2VLProcessor.from_pretrained(tmp_path, local_files_only=True)
    read = processor.image_processor(images=[torch.rand(3, 56, 56)], return_tensors="pt", do_rescale=False)
    assert read["pixel_values"].shape[0] == 16
