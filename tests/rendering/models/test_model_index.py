"""What model_index.json says of a folder: components are checked, settings are not, and packages that are missing are named."""

from __future__ import annotations

import importlib.util
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import pytest

from tests.rendering.models.conftest import BuildCatalog
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import Models
from worker.rendering.models.foreign_code import refuse_foreign_code
from worker.rendering.models.missing_packages import find_packages_for_tokenizer, name_missing_packages

#: What a setting may be.
VALUES: list[Any] = [[2, 5, 8], [2, 5], ["one", "two"], [[1, 2], [3]], [], {"a": [1]}, "text", 1.5, True, None]


def _settings(pipeline_class: Any) -> list[str]:
    """The parameters of a pipeline that are no components."""
    parameters = inspect.signature(pipeline_class.__init__).parameters
    return [
        name
        for name, each in parameters.items()
        if each.default is not each.empty and name not in pipeline_class._optional_components
    ]


def _components(pipeline_class: Any) -> list[str]:
    return [name for name in inspect.signature(pipeline_class.__init__).parameters if name not in ("self", "kwargs")]


@pytest.mark.parametrize(
    ("pipeline", "setting"),
    [
        ("Krea2Pipeline", "text_encoder_select_layers"),
        ("Flux2Pipeline", "is_distilled"),
        ("StableDiffusionPipeline", "old"),
    ],
)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_settings_are_no_components(tmp_path: Path, pipeline: str, setting: str, value: Any) -> None:
    """Lists of numbers, of texts and of lists, tables and texts are accepted, as a parameter of the pipeline or of an older one,
    but not what could be a library and a class and is no parameter.
    """
    index = {"_class_name": pipeline, "_diffusers_version": "0.42.1", setting: value}
    if setting in _settings(getattr(diffusers, pipeline)) or value != ["one", "two"]:
        assert refuse_foreign_code(tmp_path, index) == {}
    else:
        with pytest.raises(ModelUnavailable, match="comes from 'one'"):
            refuse_foreign_code(tmp_path, index)


@pytest.mark.slow
def test_every_pipelines_settings_are_accepted(tmp_path: Path) -> None:
    """For every pipeline of the installed diffusers: each setting with each kind of value, beside components that are left out."""
    classes = [
        each
        for name in sorted(dir(diffusers))
        if isinstance(each := getattr(diffusers, name, None), type)
        and "_backends" not in vars(each)
        and issubclass(each, diffusers.DiffusionPipeline)
        and each is not diffusers.DiffusionPipeline
    ]
    assert len(classes) > 200
    for pipeline_class in classes:
        settings = _settings(pipeline_class)
        left_out = {name: [None, None] for name in _components(pipeline_class) if name not in settings}
        for value in VALUES:
            index = {"_class_name": pipeline_class.__name__, **left_out, **dict.fromkeys(settings, value)}
            assert refuse_foreign_code(tmp_path, index) == {}


@pytest.mark.parametrize(
    "value", [5, "text", None, [], ["diffusers"], [["diffusers", "AutoencoderKL"]], ["a", "b", "c"], [1, 2], {}]
)
def test_a_component_in_another_form_is_refused(tmp_path: Path, value: Any) -> None:
    """diffusers would fail on it with an error about something else; the message names the component."""
    with pytest.raises(ModelUnavailable, match="for vae, which is no library and class"):
        refuse_foreign_code(tmp_path, {"_class_name": "StableDiffusionPipeline", "vae": value})


@pytest.mark.parametrize(
    "name",
    ["logging", "FluxPipelineOfAnother", "AutoencoderKL", "FluxModularPipeline", "utils", 5, None, ["FluxPipeline"]],
)
def test_what_is_no_pipeline_is_refused(tmp_path: Path, name: object) -> None:
    """Names in diffusers that are no classes, and what is no name."""
    with pytest.raises(ModelUnavailable, match="is not one of diffusers' own"):
        refuse_foreign_code(tmp_path, {"_class_name": name})


def test_a_class_of_another_version_is_named(tmp_path: Path) -> None:
    """A component whose class the installed libraries lack."""
    index = {"_class_name": "StableDiffusionPipeline", "vae": ["diffusers", "AutoencoderOfTomorrow"]}
    with pytest.raises(
        ModelUnavailable, match="vae is a AutoencoderOfTomorrow, which the installed diffusers does not have"
    ):
        refuse_foreign_code(tmp_path, index)


def test_a_list_in_the_index_does_not_stop_a_model(
    copy_model: Callable[..., Path], build_catalog: BuildCatalog
) -> None:
    """A folder whose index has a list of numbers is loaded."""
    folder = copy_model("model")
    index = folder / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"text_encoder_out_layers": [10, 20, 30]}))
    models = Models(build_catalog({"model": folder}), device="cpu")
    assert type(models.load("model").pipeline).__name__ == "StableDiffusionPipeline"
    models.close()


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes Python find no package of that name."""

    def hide(package: str) -> None:
        real = importlib.util.find_spec

        def find(name: str, *rest: Any) -> Any:
            return None if name.partition(".")[0] == package else real(name, *rest)

        monkeypatch.setattr("worker.rendering.models.missing_packages.find_spec", find)

    return hide


@pytest.mark.parametrize(("package", "name"), [("sentencepiece", "sentencepiece"), ("google", "protobuf")])
def test_a_vocabulary_names_what_reads_it(
    tmp_path: Path, without_package: Callable[[str], None], package: str, name: str
) -> None:
    """A `spiece.model` without its package: transformers would ask for tiktoken. With `tokenizer.json` nothing is missing."""
    (tmp_path / "spiece.model").write_bytes(b"")
    assert find_packages_for_tokenizer(tmp_path) == []
    without_package(package)
    assert find_packages_for_tokenizer(tmp_path) == [name]
    (tmp_path / "tokenizer.json").write_text("{}")
    assert find_packages_for_tokenizer(tmp_path) == []


def test_errors_name_the_package() -> None:
    """What an import, diffusers and transformers say of a missing package, also as the cause of another error."""
    outer = ValueError("could not be loaded")
    outer.__cause__ = ModuleNotFoundError("No module named 'nobodys.part'", name="nobodys.part")
    assert name_missing_packages(outer) == ["nobodys"]
    said = "ConsisID requires the opencv library but it was not found in your environment."
    assert name_missing_packages(ImportError(said)) == ["opencv-python"]
    assert name_missing_packages(ValueError("torch is there")) == []


def test_pipelines_of_missing_packages_say_so(tmp_path: Path) -> None:
    """A pipeline that is only a name here, because its package is not installed."""
    assert importlib.util.find_spec("note_seq") is None
    with pytest.raises(
        ModelUnavailable, match=r"\(SpectrogramDiffusionPipeline\) needs the package note_seq, not installed here"
    ):
        refuse_foreign_code(tmp_path, {"_class_name": "SpectrogramDiffusionPipeline"})


@pytest.mark.slow
def test_a_torchvision_of_another_build_stops_nothing() -> None:
    """With torchvision installed beside a torch of any build, transformers' vision processors can be imported."""
    code = (
        "import worker.rendering, sys; assert 'torch' not in sys.modules; import transformers; "
        "print(transformers.Qwen2VLVideoProcessor.__name__, transformers.CLIPImageProcessor.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["Qwen2VLVideoProcessor", "CLIPImageProcessor"], done.stderr[-2000:]
