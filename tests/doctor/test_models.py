from __future__ import annotations

from pathlib import Path

import pytest

from admin.doctor.finding import Level
from admin.doctor.models import check_models
from tests.conftest import REPOSITORY
from tests.doctor.conftest import Diagnose


def test_the_models_that_come_with_darkroom(diagnose: Diagnose) -> None:
    """The default one is here; those of the hub are no fault as long as nobody fetches them."""
    found = diagnose(check_models)
    assert {each.level for each in found.values()} == {Level.OK}
    assert found["picturebook"].seen == "the default model, on this machine"
    assert "not fetched" in found["sd15"].seen


def test_a_default_model_that_was_not_fetched(diagnose: Diagnose) -> None:
    """The command that brings it is named."""
    found = diagnose(check_models, DEFAULT_MODEL="sd15")
    assert found["sd15"].level is Level.ERROR
    assert "darkroom-models fetch sd15" in found["sd15"].todo


def test_a_default_model_that_is_not_listed(diagnose: Diagnose) -> None:
    """Those that are listed are named."""
    found = diagnose(check_models, DEFAULT_MODEL="picassobook")
    assert found["picassobook"].level is Level.ERROR
    assert "one of picturebook, sd15" in found["picassobook"].todo


def test_a_models_file_that_is_missing_or_wrong(diagnose: Diagnose, tmp_path: Path) -> None:
    """The setting, the file and the reason."""
    assert "MODELS_FILE is '/nowhere'" in diagnose(check_models, MODELS_FILE="/nowhere")["file"].seen
    wrong = tmp_path / "models.toml"
    wrong.write_text("models = 3")
    found = diagnose(check_models, MODELS_FILE=str(wrong))
    assert (list(found), found["file"].level) == (["file"], Level.ERROR)


def test_a_model_whose_files_are_gone(diagnose: Diagnose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A models file that was moved without its folders. Where torch is not installed, as in the API's image, none are needed."""
    entries = (REPOSITORY / "models.toml").read_text()
    (tmp_path / "models.toml").write_text(entries)
    found = diagnose(check_models, MODELS_FILE=str(tmp_path / "models.toml"))
    assert found["picturebook"].level is Level.ERROR
    assert "its files are missing" in found["picturebook"].seen
    monkeypatch.setattr("admin.doctor.models.find_spec", lambda _name: None)
    assert diagnose(check_models)["picturebook"].level is Level.OK


def test_a_styles_file_that_is_missing_or_wrong(diagnose: Diagnose, tmp_path: Path) -> None:
    """What is wrong with it, by the style and the key."""
    assert "15 styles" in diagnose(check_models)["styles"].seen
    assert "STYLES_FILE is '/nowhere'" in diagnose(check_models, STYLES_FILE="/nowhere")["styles"].seen
    wrong = tmp_path / "styles.toml"
    wrong.write_text('[styles.poster]\ntitle = "Poster"\nprompt = "a poster"\nexample = "a lighthouse"\n')
    found = diagnose(check_models, STYLES_FILE=str(wrong))["styles"]
    assert (found.level, "styles.poster.prompt" in found.seen) == (Level.ERROR, True)
