"""Evaluation sets are kept out: fingerprints as files, the command that makes them, and the filter that asks them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Draft, Example
from selfinstruct.errors import DataError
from selfinstruct.text.fingerprints import Fingerprints, evaluation_set
from selfinstruct.text.tokens import unicode_tokens
from selfinstruct_filters.decontamination import DecontaminationFilter, DecontaminationOptions
from tests.command_line import command, rows

QUESTION = "A gardener plants nine rows of seven tulips and four die. How many are left?"
SHORT = "Which planet has the shortest year?"
WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), max_size=20)


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "exam.jsonl"
    lines = [{"q": QUESTION, "a": "59", "id": 1}, {"q": SHORT, "a": "Mercury", "id": 2}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def rule(*sets: Path, **options: Any) -> DecontaminationFilter:
    return DecontaminationFilter(DecontaminationOptions(sets=tuple(map(str, sets)), **options))


def example(instruction: str, given: str = "", output: str = "Fine.") -> Example:
    return Example(instruction, given, output, False, "g0.0")


# --- the filter


def test_a_run_of_words_is_found_whatever_its_case_and_signs(texts: Path) -> None:
    verdict = rule(texts).evaluate(Draft("Please solve: GARDENER plants nine rows, of seven tulips -- and five die?"))
    assert verdict.reason == "in-evaluation-set"
    assert verdict.evidence == {"set": "exam", "shared": 1, "words": "gardener plants nine rows of seven tulips and"}


def test_seven_words_in_a_row_are_not_eight(texts: Path) -> None:
    assert rule(texts).evaluate(Draft("A gardener plants nine rows of seven roses and some tulips.")).keep


def test_a_short_text_is_found_as_a_whole_only(texts: Path) -> None:
    assert rule(texts).evaluate(Draft("which planet has the shortest year")).evidence["words"] == SHORT[:-1].lower()
    assert rule(texts).evaluate(Draft("Which planet has the shortest year and day?")).keep
    assert rule(texts).evaluate(Draft("Mercury")).keep, "fewer than four words are anybody's"


@pytest.mark.parametrize(
    ("item", "dropped"),
    [
        (example("Answer.", QUESTION), True),
        (example("Repeat the task.", output=QUESTION), True),
        (example("A gardener plants nine rows", "of seven tulips and four die."), True),
        (example("Which planet has", "the shortest year?"), True),
        (example("Tell it.", SHORT), True),
        (example("A gardener plants nine rows.", "x", "Of seven tulips and four die."), False),
        (example("Name a planet.", "", "Mercury"), False),
    ],
)
def test_examples_are_looked_at_in_all_their_parts(texts: Path, item: Example, dropped: bool) -> None:
    assert rule(texts).evaluate(item).keep is not dropped


def test_how_much_and_how_long_are_options(texts: Path) -> None:
    draft = Draft("A gardener plants nine rows of seven tulips and rests.")
    assert rule(texts).evaluate(draft).evidence["shared"] == 2
    assert rule(texts, least=3).evaluate(draft).keep
    assert rule(texts, n=13).evaluate(draft).keep
    assert not rule(texts, least=3).evaluate(Draft(SHORT)).keep, "a whole text is enough"


def test_text_files_and_scripts_without_spaces(tmp_path: Path) -> None:
    path = tmp_path / "exam.txt"
    path.write_text("\ufeff灯塔的守护者每天晚上都会爬上楼梯点亮那盏灯\r\n\r\nОдин два три четыре\r\n", "utf-8")
    assert not rule(path).evaluate(Draft("请改写:守护者每天晚上都会爬上楼梯。")).keep
    assert not rule(path).evaluate(Draft("один, два, три, четыре!")).keep
    assert rule(path).evaluate(Draft("一个完全不同的问题,关于大海。")).keep


@given(st.lists(WORDS, min_size=1, max_size=5), WORDS)
def test_it_finds_what_a_plain_search_finds(known: list[list[str]], asked: list[str]) -> None:
    made = Fingerprints.from_texts("x", map(" ".join, known), 6)
    runs = {tuple(text[at : at + 6]) for text in known for at in range(len(text) - 5)}
    wholes = {tuple(text) for text in known if 4 <= len(text) < 6}
    assert made.count == len(runs | wholes)
    if made.count:
        filter_ = DecontaminationFilter.__new__(DecontaminationFilter)
        filter_._sets, filter_._least = [made], 1
        mine = {tuple(asked[at : at + 6]) for at in range(len(asked) - 5)}
        assert filter_.evaluate(Draft(" ".join(asked))).keep is not bool(mine & runs or tuple(asked) in wholes)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    made = Fingerprints.from_texts("x", [text], 4)
    assert (made.count > 0) == (len(unicode_tokens(text)) >= 4)


# --- the command and its files


def test_a_file_of_fingerprints_drops_what_its_texts_drop(texts: Path) -> None:
    ended = command("fingerprint", texts, "-o", "exam.fp").done()
    assert ended.out.splitlines() == [
        "exam.fp: 4 texts, 9 n-grams of 8 words",
        "left out: 2 texts of fewer than 4 words",
    ]
    for text in (QUESTION, SHORT, "A gardener plants nine rows of seven roses.", "", "Write a poem about a river."):
        draft = Draft(text)
        assert rule(Path("exam.fp"), n=13).evaluate(draft) == rule(texts).evaluate(draft)
    assert b"gardener" not in Path("exam.fp").read_bytes()


def test_the_same_texts_give_the_same_bytes(texts: Path) -> None:
    command("fingerprint", texts, "-o", "a.fp", "--name", "exam").done()
    texts.write_text("".join(reversed(texts.read_text("utf-8").splitlines(True))), "utf-8")
    command("fingerprint", texts, "-o", "b.fp", "--name", "exam").done()
    assert Path("a.fp").read_bytes() == Path("b.fp").read_bytes()
    assert evaluation_set(Path("b.fp")).name == "exam"


def test_fields_are_chosen_and_several_files_are_one_set(texts: Path) -> None:
    Path("more.txt").write_text("Count the windows of the house at the corner of the street.\n", "utf-8")
    assert "1 text, 5 n-grams" in command("fingerprint", "more.txt", "-o", "x.fp").done().out
    assert "3 texts, 14 n-grams" in command("fingerprint", texts, "more.txt", "--field", "q", "-o", "x.fp").done().out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["none.jsonl"], "there is no file none.jsonl"),
        (["."], "cannot be read"),
        (["exam.jsonl", "--field", "question"], "exam.jsonl, line 1 has no text under 'question'\nIts keys: q, a, id."),
        (["exam.jsonl", "--field", "a"], "there is no text of 4 words or more in exam.jsonl"),
        (["array.json"], "array.json, line 1 is not a JSON object"),
        (["latin.txt"], "latin.txt cannot be read: 'utf-8' codec"),
        (["exam.jsonl", "--n", "3"], "--n: 3 is not a whole number of at least 4 and at most 100"),
        (["done.fp"], "done.fp is already a file of fingerprints"),
    ],
)
def test_the_error_says_what_cannot_be_done(texts: Path, args: list[str], words: str) -> None:
    Path("array.json").write_text("[1]", "utf-8")
    Path("latin.txt").write_bytes("Gärtner".encode("latin-1"))
    Path("done.fp").write_bytes(Fingerprints.from_texts("x", [QUESTION]).to_bytes())
    command("fingerprint", *args, "-o", "out.fp").failed(2, words)
    assert not Path("out.fp").exists()


def broken(data: bytes) -> dict[str, bytes]:
    return {
        "cut": data[:-8],
        "half": data[:-3],
        "grown": data + data[-8:],
        "headless": data[:40],
        "torn": data.replace(b'"n": 8', b'"n": "8'),
        "wrong": data.replace(b'"n": 8', b'"n": -8'),
        "later": data.replace(b'fingerprints": 1', b'fingerprints": 9'),
        "changed": data[:-1] + bytes([data[-1] ^ 1]),
    }


@pytest.mark.parametrize("how", list(broken(b"x")))
def test_the_error_for_a_broken_file_is_one_sentence(tmp_path: Path, how: str) -> None:
    path = tmp_path / "x.fp"
    path.write_bytes(broken(Fingerprints.from_texts("x", [QUESTION]).to_bytes())[how])
    with pytest.raises(DataError, match=r"x\.fp (is|holds)") as caught:
        rule(path).evaluate(Draft(QUESTION))
    assert "\n" not in caught.value.message
    assert "selfinstruct fingerprint" in caught.value.hint


# --- a run


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.fp", "generate.add_filters.decontamination.sets: there is no file none.fp"),
        ("empty.txt", "holds no text of 4 words"),
    ],
)
def test_a_run_with_a_set_that_cannot_be_used_does_not_begin(texts: Path, name: str, words: str) -> None:
    Path("empty.txt").touch()
    chosen = f'generate.add_filters=[{{use = "decontamination", sets = ["{name}"]}}]'
    command("generate", "--backend", "demo", "--target", "3", "--set", chosen).failed(2, words)


def test_a_run_drops_what_stands_in_a_set(texts: Path) -> None:
    command("generate", "--backend", "demo", "--target", "5", "--out", "first").done()
    accepted = [row["instruction"] for row in rows(Path("first/machine_generated_instructions.jsonl"))]
    Path("exam.txt").write_text("\n".join(accepted[1:3]) + "\n", "utf-8")
    chosen = 'generate.add_filters=[{use = "decontamination", sets = ["exam.txt"]}]'
    command("generate", "--backend", "demo", "--target", "5", "--out", "second", "--set", chosen).done()
    dropped = [row for row in rows(Path("second/rejected.jsonl")) if row["filter"] == "decontamination"]
    assert {row["text"] for row in dropped} >= set(accepted[1:3])
    assert not {row["instruction"] for row in rows(Path("second/machine_generated_instructions.jsonl"))} & {
        *accepted[1:3]
    }
