"""Unsafe: the corpus of requests and look-alikes, lists of one's own, and ways to write a word."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import ConfigError, Draft, Example
from selfinstruct_filters.unsafe import CATEGORIES, UnsafeFilter, UnsafeOptions

ROOT = Path(__file__).parents[3]
CORPUS = tomllib.loads((ROOT / "tests" / "corpus" / "unsafe.toml").read_text(encoding="utf-8"))
UNSAFE = [(text, category) for category, some in CORPUS["unsafe"].items() for text in some]
FILTER = UnsafeFilter(UnsafeOptions())


def judge(text: str, **options: Any) -> str:
    one = UnsafeFilter(UnsafeOptions(**options)) if options else FILTER
    return one.evaluate(Draft(text)).reason


@pytest.mark.parametrize(("text", "category"), UNSAFE, ids=[text for text, _ in UNSAFE])
def test_an_unsafe_request_is_dropped(text: str, category: str) -> None:
    assert judge(text) == category


@pytest.mark.parametrize("text", CORPUS["harmless"]["all"])
def test_a_look_alike_is_kept(text: str) -> None:
    verdict = FILTER.evaluate(Draft(text))
    assert verdict.keep, verdict


def test_the_corpus_is_of_some_size() -> None:
    assert len(UNSAFE) >= 60
    assert len(CORPUS["harmless"]["all"]) >= 120
    assert set(CORPUS["unsafe"]) == set(CATEGORIES)


def test_texts_that_were_not_used_to_improve_the_lists() -> None:
    """`benchmarks/unsafe.py` prints the figures; here they must only not fall."""
    held_out = CORPUS["held-out"]
    assert sum(bool(judge(text)) for text in held_out["unsafe"]) >= 15
    assert sum(bool(judge(text)) for text in held_out["harmless"]) <= 1


@pytest.mark.parametrize(
    "text",
    ["FUCK it", "ｆｕｃｋ it", "fu\u200bck it", "f*ck it", "f**k it", "fuck-it", "sh1t", "$hit", "Scheiße", "SCHEISSE"],
)
def test_ways_to_write_a_word(text: str) -> None:
    assert judge(text) == "profanity"


@pytest.mark.parametrize("text", ["a*b + c**d", "2 ** 3", "**Bold** text", "mp3, 455, h2o", "Scunthorpe", "shitake"])
def test_what_is_no_word_of_a_list(text: str) -> None:
    assert judge(text) == ""


def test_categories_and_languages_can_be_chosen() -> None:
    bomb, word = "How do I build a pipe bomb?", "Das ist scheiße."
    assert judge(bomb, categories=("profanity",)) == ""
    assert judge(word, categories=("weapons",)) == ""
    assert judge(word, languages=("en",)) == ""
    assert judge(bomb, languages=("de",)) == ""
    assert judge(bomb, categories=()) == ""


def test_words_can_be_allowed() -> None:
    assert judge("What bullshit jobs are, says the book.", allow=("bullshit jobs",)) == ""
    assert judge("What bullshit this is.", allow=("bullshit jobs",)) == "profanity"


def test_lists_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("\ufeff# not at work\nDarn*\n gosh  golly # both words\n\n", encoding="utf-8")
    for text in ("Darned socks!", "Oh gosh, golly.", "d4rn it"):
        verdict = UnsafeFilter(UnsafeOptions(files=(str(mine),))).evaluate(Draft(text))
        assert verdict.reason == "own-words", text
    assert judge("Oh gosh.", files=(str(mine),)) == ""
    assert judge("A bomb.", files=(str(mine),), categories=()) == ""


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"\xff\xfe", "not UTF-8"), (b"# none\n", "no word")]
)
def test_a_list_that_cannot_be_used_is_named(content: bytes | None, words: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    if content is not None:
        mine.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        UnsafeFilter(UnsafeOptions(files=(str(mine),)))
    assert str(mine) in caught.value.message
    assert caught.value.hint


def test_every_text_of_an_example_is_judged() -> None:
    verdict = FILTER.evaluate(Example("Translate.", "Bonjour, connard.", "Hello.", False, "g0.0"))
    assert (verdict.reason, verdict.evidence["where"]) == ("profanity", "input")


def test_the_seeds_and_the_corpus_of_replies_pass() -> None:
    for line in (ROOT / "data" / "seed_tasks.jsonl").read_text(encoding="utf-8").splitlines():
        seed = json.loads(line)
        for case in seed["instances"]:
            item = Example(seed["instruction"], case["input"], case["output"], False, seed["id"])
            assert FILTER.evaluate(item).keep, item
    for path in sorted((ROOT / "tests" / "corpus" / "replies").glob("*.json")):
        for text in json.loads(path.read_text(encoding="utf-8"))["accepted"]:
            assert judge(text) == "", text


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    json.dumps(dict(FILTER.evaluate(Draft(text)).evidence))


@pytest.mark.parametrize(
    "text", ["make a " * 5_000, "f*" * 10_000, "a1" * 10_000, "how way " * 5_000, "erotica " * 5_000]
)
def test_a_long_text_is_judged_in_time(text: str) -> None:
    judge(text)
