"""The facts of a run: recorded under the keys that stored runs have, and read back typed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from selfinstruct import __version__
from selfinstruct.store import (
    RUN_FILE,
    BackendFacts,
    ConfigFile,
    ImportFacts,
    InitialFacts,
    ReprocessingFacts,
    RunStore,
)
from selfinstruct.types import CLASSIFY, GENERATE, JUDGE, PREPARE, Prices

STORED: dict[str, Any] = {
    "config": {"run": {"seed": 7}, "backend": {"use": "groq"}},
    "tree": {"recipe": "paper", "run": {"seeds": "mine.jsonl"}, "plugins": ["./mine.py"]},
    "file": {"name": "selfinstruct.toml", "tree": {"recipe": "paper"}},
    "config.generate": {"target": 50},
    "seeds_digest": "5eed",
    "created_at": "2026-01-02T03:04:05+00:00",
    "version": "0.0.9",
    "python": "3.11.7",
    "plugins": {"demo": "0.1.0"},
    "backend": {"model": "llama"},
    "prices": [0.5, 1.5],
    "backend.judge": {"model": "qwen"},
    "prices.judge": None,
    "rated": 12,
    "replay": {
        "of": "old",
        "began": "2026-01-01",
        "tree": {"recipe": "paper"},
        "target": None,
        "requests": 4,
        "taken": [CLASSIFY],
        "done": False,
    },
    "imported": {"digests": ["d1"], "files": [{"name": "a.jsonl"}]},
}
"""Facts as the first version of this program wrote them."""


def stored_rows(folder: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / RUN_FILE)) as connection:
        return {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM run")}


def test_a_run_that_was_stored_earlier_has_its_facts(tmp_path: Path) -> None:
    RunStore.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / RUN_FILE)) as connection, connection:
        connection.executemany(
            "INSERT INTO run (key, value) VALUES (?, ?)", [(key, json.dumps(STORED[key])) for key in STORED]
        )
    with closing(RunStore.open_readonly(tmp_path)) as store:
        facts = store.facts
        assert facts.are_recorded
        assert (facts.config, facts.tree) == (STORED["config"], STORED["tree"])
        assert facts.stage_config(GENERATE) == {"target": 50}
        assert facts.whole_config == STORED["config"] | {"generate": {"target": 50}}
        assert facts.file == ConfigFile("selfinstruct.toml", {"recipe": "paper"})
        assert (facts.recipe, facts.seeds_path, facts.plugin_paths) == ("paper", "mine.jsonl", ["./mine.py"])
        assert (facts.backend_name, facts.seed, facts.rated) == ("groq", 7, 12)
        assert (facts.seeds_digest, facts.created_at) == ("5eed", "2026-01-02T03:04:05+00:00")
        assert (facts.version, facts.plugins) == ("0.0.9", {"demo": "0.1.0"})
        assert facts.imported == ImportFacts(["d1"], [{"name": "a.jsonl"}])
        assert facts.reprocessing == ReprocessingFacts(
            source="old",
            source_created_at="2026-01-01",
            tree={"recipe": "paper"},
            target=None,
            requests=4,
            copied_stages=[CLASSIFY],
        )
        assert facts.backend(GENERATE) == facts.run_backend == BackendFacts({"model": "llama"}, Prices(0.5, 1.5))
        assert facts.backend(JUDGE) == facts.own_backend(JUDGE) == BackendFacts({"model": "qwen"})


def test_a_run_without_facts_has_defaults(store: RunStore) -> None:
    facts = store.facts
    assert not facts.are_recorded
    assert (facts.config, facts.tree, facts.plugins, facts.file) == ({}, {}, {}, ConfigFile())
    assert (facts.recipe, facts.seeds_path, facts.plugin_paths) == ("chat", "builtin", [])
    assert (facts.backend_name, facts.seed, facts.rated, facts.version) == ("", 0, 0, __version__)
    assert (facts.backend(JUDGE), facts.stage_config(GENERATE)) == (None, None)
    assert (facts.imported, facts.reprocessing, facts.structured) == (None, None, None)


def test_facts_are_stored_under_the_keys_of_earlier_versions(store: RunStore) -> None:
    reprocessing = ReprocessingFacts(
        source="old", source_created_at="2026-01-01", tree={"recipe": "paper"}, target=None, requests=4
    )
    store.create(
        [],
        InitialFacts(
            config=STORED["config"],
            tree={},
            file=ConfigFile("selfinstruct.toml", {"recipe": "paper"}),
            seeds_digest="5eed",
            created_at="2026-01-02T03:04:05+00:00",
            python="3.11.7",
            plugins={"demo": "0.1.0"},
            version="0.0.9",
            imported=ImportFacts(["d1"], [{"name": "a.jsonl"}]),
            reprocessing=reprocessing,
            backends={"": BackendFacts({"model": "llama"}, Prices(0.5, 1.5))},
        ),
    )
    store.facts.record_backend(BackendFacts({"model": "qwen"}), JUDGE)
    store.facts.record_stage(GENERATE, {"target": 50}, tree=STORED["tree"])
    store.facts.update_reprocessing(copied_stages=[CLASSIFY])
    rows = stored_rows(store.folder)
    assert "rated" not in rows
    store.facts.record_stage(PREPARE, {}, tree=STORED["tree"], rated=12)
    assert stored_rows(store.folder) == STORED | {"config.prepare": {}, "structured": {}}


def test_the_backend_of_one_stage_does_not_replace_that_of_the_run(store: RunStore) -> None:
    store.facts.record_backend(BackendFacts({"model": "llama"}))
    store.facts.record_backend(BackendFacts({"model": "qwen"}, Prices(1, 2)), CLASSIFY)
    assert [one.model for stage in (GENERATE, CLASSIFY) if (one := store.facts.backend(stage))] == ["llama", "qwen"]
    assert store.facts.own_backend(GENERATE) is None
    assert set(store.facts.known_backends()) == {"", CLASSIFY}


def test_progress_of_reprocessing_keeps_what_was_recorded_before(store: RunStore) -> None:
    facts = ReprocessingFacts(source="old", source_created_at="", tree={}, target=5, requests=4)
    store.create([], InitialFacts(reprocessing=facts))
    store.facts.update_reprocessing(copied_stages=[CLASSIFY])
    store.facts.update_reprocessing(is_finished=True)
    after = store.facts.reprocessing
    assert after is not None
    assert (after.source, after.target, after.copied_stages, after.is_finished) == ("old", 5, [CLASSIFY], True)
