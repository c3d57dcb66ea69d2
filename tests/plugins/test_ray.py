"""The filter `rouge-l-ray`: shards decide like one pool, and two real actors do if Ray is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Draft, PluginError
from selfinstruct.api.similarity import TOKENISERS, Pool
from selfinstruct_filters.rouge_l import RougeLFilter, RougeLOptions
from selfinstruct_ray import RougeLRayOptions, build, selfinstruct_filters
from selfinstruct_ray.shard import Shard, nearest
from tests.command_line import command

TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=9).map(" ".join), max_size=12)


@given(TEXTS, TEXTS, st.integers(1, 4), st.sampled_from([0.3, 0.7, 0.75]))
def test_the_nearest_entry_of_all_shards_is_that_of_one_pool(
    entries: list[str], asked: list[str], parts: int, threshold: float
) -> None:
    pool, shards = Pool(TOKENISERS["unicode"]), [Shard("unicode") for _ in range(parts)]
    for number, text in enumerate(entries):
        pool.add(text)
        shards[number % parts].add([(number, text)])
    found = [nearest(answers) for answers in zip(*(shard.decide(asked, threshold) for shard in shards), strict=True)]
    for text, one in zip(asked, found, strict=True):
        match = pool.decide(text, threshold)
        assert (one and (one[2], one[0])) == (match and (match.text, match.score))
        assert one is None or entries.index(one[2]) == one[1]


def test_its_options_are_those_of_rouge_l_and_shards() -> None:
    (component,) = selfinstruct_filters()
    own = {name: (field.annotation, field.default) for name, field in RougeLRayOptions.model_fields.items()}
    del own["shards"]
    assert own == {name: (field.annotation, field.default) for name, field in RougeLOptions.model_fields.items()}
    assert (component.extra, component.stages) == ("ray", ("generate",))


def test_without_ray_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    monkeypatch.delitem(__import__("sys").modules, "selfinstruct_ray.rouge_l", raising=False)
    ended = command("generate", "--backend", "demo", "--target", "3", "--filter", "rouge-l-ray")
    ended.failed(3, "pip install 'selfinstruct[ray]'")


# --- two actors


@pytest.fixture(scope="module")
def _ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="ray is not installed")
    yield
    ray.shutdown()


real = [pytest.mark.slow, pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("_ray")]


def corpus(count: int) -> list[str]:
    texts: list[str] = []
    rng = Random(4)
    for _ in range(count):
        words = (
            rng.choice(texts).split() if texts and rng.random() < 0.5 else rng.choices(range(300), k=rng.randint(1, 30))
        )
        texts.append(" ".join(str(rng.randrange(300)) if rng.random() < 0.12 else str(word) for word in words))
    return texts


@pytest.mark.parametrize("options", [{}, {"tokeniser": "classical", "ties": "numpy", "nearest": 3, "threshold": 0.5}])
class TestTwoActors:
    pytestmark = real

    def test_every_verdict_equals_that_of_rouge_l(self, options: dict[str, Any]) -> None:
        one, other = RougeLFilter(RougeLOptions(**options)), build(RougeLRayOptions(**options, shards=2))
        texts = corpus(900)
        for rule in (one, other):
            rule.observe_all(map(Draft, texts[:300]))
        dropped = 0
        for at in range(300, len(texts), 9):
            reply = [Draft(text) for text in texts[at : at + 9]]
            for rule in (one, other):
                rule.prefetch(reply)
            for draft in reply:
                verdict = one.evaluate(draft)
                assert other.evaluate(draft) == verdict
                dropped += not verdict.keep
                for rule in (one, other):
                    if verdict.keep:
                        rule.observe(draft)
        assert 100 < dropped < 500
        assert other.evaluate(Draft("not fetched before")) == one.evaluate(Draft("not fetched before"))


class TestARun:
    pytestmark = real

    def test_a_run_exports_the_same_bytes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("rouge-l", "rouge-l-ray"):
            filters = f'generate.filters=[{{use = "cut"}}, {{use = "{name}"}}]'
            for target in ("20", "40"):
                command("generate", "--backend", "demo", "--target", target, "--set", filters, "--out", name).done()
        one, other = (
            [json.loads(line) for line in (tmp_path / name / file).read_text("utf-8").splitlines()]
            for name in ("rouge-l", "rouge-l-ray")
            for file in ("machine_generated_instructions.jsonl",)
        )
        for row in (*one, *other):
            row["metadata"].pop("created_at")
        assert one == other

    def test_an_unreachable_cluster_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import ray

        ray.shutdown()
        monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
        with pytest.raises(PluginError, match=r"Ray cannot be used at 127\.0\.0\.1:1"):
            build(RougeLRayOptions())
