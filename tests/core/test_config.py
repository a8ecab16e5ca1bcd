"""Settings: every one documented, parsed by type, checked by bounds, and kept exactly."""

from pathlib import Path

import pytest

from core.config import PRESETS, Config, config_from_dict, config_to_dict, load_config, settings, with_settings
from core.errors import ConfigError


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name: str) -> None:
    assert config_from_dict(config_to_dict(PRESETS[name])) == PRESETS[name]
    assert PRESETS[name].preset == name


def test_every_setting_has_a_meaning_and_can_be_set_to_its_own_value() -> None:
    for key, value, meaning in settings():
        assert len(meaning) > 10, key
        if key == "preset":
            continue
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        assert with_settings(Config(), [f"{key}={text}"]) == Config()


def test_published_constants() -> None:
    paper = PRESETS["paper"]
    assert (paper.loss.pointwise, paper.loss.pairwise, paper.loss.semantic) == (2.0, 1.0, 0.5)
    assert (paper.lora.rank, paper.lora.alpha, paper.lora.targets) == (16, 16.0, "attention")
    assert paper.learning_rate / paper.lora.learning_rate == pytest.approx(20)
    assert paper.max_tokens == 2000


@pytest.mark.parametrize(
    "assignment, words",
    [
        ("epochs=two", "whole number"),
        ("epochs=-1", "at least 0"),
        ("lora.dropout=2", "at most 0.9"),
        ("fields=all", "one of auto, prompt, tower, both"),
        ("nonsense=1", "is not a setting"),
        ("epochs", "key=value"),
        ("probe=maybe", "true or false"),
        ("loss.pairwise=nan", "a number"),
        ("readout_layers=0", "at least 1"),
        ("probe=false", "trains nothing"),
        ("pairs=all", "one of auto, tiers, funnel"),
        ("train_pairwise=false", "set probe to false"),
        ("preset=gpu", "--preset"),
    ],
)
def test_wrong_settings_are_refused_in_words(assignment: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        with_settings(Config(), [assignment])


def test_a_file_overlays_its_preset(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        'preset = "gpu"\nepochs = 7\nreadout_layers = [4, 8]\n[loss]\npairwise = 0.3\n[lora]\ntargets = "attention"\n'
    )
    config = load_config(path)
    assert (config.preset, config.epochs, config.readout_layers) == ("gpu", 7, (4, 8))
    assert (config.loss.pairwise, config.loss.pointwise, config.lora.targets) == (0.3, 2.0, "attention")
    path.write_text("epochs = [")
    with pytest.raises(ConfigError, match=r"settings\.toml"):
        load_config(path)
    path.write_text('preset = "fast"')
    with pytest.raises(ConfigError, match="preset must be one of"):
        load_config(path)
