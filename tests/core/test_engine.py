"""Settings of the engine: nested in those of a run, and older runs are without."""

import pytest

from core.config import Config, config_from_dict, config_to_dict, with_settings
from core.engine import Engine
from core.errors import ConfigError


def test_a_run_folder_from_before_the_engine_loads_with_its_defaults() -> None:
    document = config_to_dict(Config(epochs=3))
    del document["engine"]
    assert config_from_dict(document) == Config(epochs=3)


def test_the_engine_is_set_like_any_table() -> None:
    changed = with_settings(Config(), ["engine.attention=flex", "engine.compile=true", "engine.cache_gb=0.5"])
    assert changed.engine == Engine(attention="flex", compile=True, cache_gb=0.5)
    for wrong in ("engine.precision=fp16", "engine.cache_gb=-1", "engine.speed=1"):
        with pytest.raises(ConfigError):
            with_settings(Config(), [wrong])
