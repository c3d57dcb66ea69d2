"""What is read of a file: its kind by the keys of its rows, and every row in spite of the lines around it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from selfinstruct.errors import DataError
from selfinstruct.transfer.importing.files import EXAMPLES, INSTRUCTIONS, LABELS, RAW_INSTANCES, sources
from tests.transfer.old import OldRun, metadata, reasons

ROW = {"instruction": "Name a river.", "most_similar": {}, "avg_similarity_score": 0.1, "metadata": metadata("x")}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (ROW | {"request_idx": 3}, INSTRUCTIONS),
        ({"instruction": "Name a river."}, INSTRUCTIONS),
        ({"instruction": "Name a river.", "id": "g0.0", "request_idx": 0, "more": []}, INSTRUCTIONS),
        ({"instruction": "Name a river.", "is_classification": " No"}, LABELS),
        ({"is_classification": True, "instruction": "Name a river.", "id": "g0.0"}, LABELS),
        (ROW | {"raw_instances": "Output: x", "instance_metadata": {}, "instruction_metadata": {}}, RAW_INSTANCES),
        ({"instruction": "Name a river.", "raw_instances": ""}, RAW_INSTANCES),
        ({"instruction": "Name a river.", "input": "", "output": "Nile"}, EXAMPLES),
        ({"instruction": "Go.", "input": "", "output": "x", "is_classification": False, "id": "e0.0"}, EXAMPLES),
        ({"instruction": "Go.", "input": "", "output": "x", "most_similar_instructions": {}}, EXAMPLES),
    ],
)
def test_the_keys_of_its_rows_say_what_a_file_is_and_its_name_does_not(
    old: OldRun, row: dict[str, Any], kind: str
) -> None:
    assert [source.kind for source in sources([old.file("anything.txt", row)])] == [kind]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['{"prompt": "a", "completion": "b"}'], "line 1: a row of no known kind; its keys: 'prompt', 'completion'"),
        (["", "{}"], "line 2: a row of no known kind; its keys: none"),
        (['[{"instruction": "Go.", "input": "", "output": "x"}]'], "line 1: no JSON object"),
        (["["], "line 1: not JSON"),
        (["instruction,input,output", "Go.,,x"], "line 1: not JSON"),
        ([b'{"instruction": "Go'], "line 1: cut off"),
        (["\x00\x00"], "line 1: not JSON"),
        ([json.dumps({"instruction": "Go."}).encode("utf-16")], "line 1: not UTF-8 text"),
        (['{"instruction": "Go.", "instances": [], "is_classification": false}'], "line 1: this is a seed task"),
        (["", "  "], "there is no row in"),
    ],
)
def test_a_file_that_is_none_of_an_old_run_is_refused_in_words_that_say_where(
    old: OldRun, lines: list[str | bytes], words: str
) -> None:
    path = old.file("m.jsonl", *lines)
    with pytest.raises(DataError) as caught:
        old.bring(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert not old.out.exists()


def test_one_bad_file_among_good_ones_is_refused_before_a_folder_is_made(old: OldRun) -> None:
    with pytest.raises(DataError, match=r"other\.jsonl, line 1"):
        old.bring(old.file("m.jsonl", ROW), old.file("other.jsonl", '{"a": 1}'))
    assert not old.out.exists()


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_what_is_no_file_is_refused(old: OldRun, name: str) -> None:
    with pytest.raises(DataError, match=r"there is no file|cannot be read"):
        old.bring(old.folder / name)


def test_bad_lines_are_counted_with_their_numbers_and_cost_no_good_one(old: OldRun) -> None:
    path = old.file(
        "m.jsonl",
        b'\xef\xbb\xbf{"instruction": "First."}\r\n',
        "",
        "not json",
        '"a text"',
        "[1, 2]",
        b'{"instruction": "Caf\xe9."}\n',
        '{"instruction": "   "}',
        '{"instruction": 7}',
        '{"most_similar": {}}',
        "[" * 100_000,
        '{"instruction": ' + "1" * 10_000 + "}",
        '{"instruction": "Last but one."}\r',
        b'{"instruction": "Cut',
    )
    (report,) = old.bring(path).files
    assert (report.rows, report.taken) == (12, 2)
    assert reasons(report) == {
        "not JSON": (3, [3, 10, 11]),
        "no JSON object": (2, [4, 5]),
        "not UTF-8 text": (1, [6]),
        "the instruction is blank or no text": (2, [7, 8]),
        "no instruction": (1, [9]),
        "cut off": (1, [13]),
    }
    assert old.instructions() == ["First.", "Last but one."]


def test_garbage_before_the_first_good_row_does_not_hide_what_the_file_is(old: OldRun) -> None:
    (report,) = old.bring(old.file("m.jsonl", "# exported in 2023", '{"version": 2}', ROW)).files
    assert (report.kind, report.taken) == (INSTRUCTIONS, 1)
    assert reasons(report) == {"not JSON": (1, [1]), "no instruction": (1, [2])}


def test_only_the_first_lines_of_a_reason_are_named(old: OldRun) -> None:
    (report,) = old.bring(old.file("m.jsonl", ROW, *["x"] * 2000)).files
    assert reasons(report) == {"not JSON": (2000, [2, 3, 4, 5, 6])}
    assert report.words()[1].strip() == "2,000 not JSON (lines 2, 3, 4, 5, 6, ...)"


@pytest.mark.parametrize(
    "text",
    [
        "写一首关于大海的诗。",
        "Объясни приливы ребёнку.",
        'Fix this code:\n\n```python\ndef f(x):\n\treturn "a\\n" + x  # <<INPUT>>\n```',
        "Line\u2028separator and \x00 NUL and \x1b[31m colour.",
        "Emoji \U0001f600 and a family \U0001f468\u200d\U0001f469\u200d\U0001f467.",
        "word " * 200_000 + "end.",
    ],
)
def test_texts_arrive_as_they_were(old: OldRun, text: str) -> None:
    old.bring(old.file("m.jsonl", {"instruction": text}, json.dumps({"instruction": text + "2"}, ensure_ascii=False)))
    assert old.instructions() == [text, text + "2"]


def test_lone_halves_of_surrogate_pairs_become_replacement_characters_everywhere(old: OldRun) -> None:
    lone = "A \ud83d lone one."
    row = {"instruction": lone, "most_similar": {lone: 0.5}, "metadata": metadata(lone, lone), "request_idx": 0}
    label = {"instruction": lone, "is_classification": "\udc00"}
    raw = {"instruction": lone, "raw_instances": lone, "instance_metadata": metadata(lone, lone)}
    result = old.bring(old.file("m", row), old.file("l", label), old.file("i", raw))
    assert (result.instructions, result.labels, result.instances) == (1, 0, 1)
    assert old.instructions() == ["A \ufffd lone one."]


def test_a_copy_of_a_file_counts_once(old: OldRun) -> None:
    assert len(old.bring(old.file("a.jsonl", ROW), old.file("b.jsonl", ROW), old.folder / "a.jsonl").files) == 1


def test_an_empty_file_beside_others_is_what_a_killed_script_leaves_and_does_no_harm(old: OldRun) -> None:
    result = old.bring(old.file("l.jsonl"), old.file("m.jsonl", ROW))
    assert [(report.name, report.rows) for report in result.files] == [("m.jsonl", 1), ("l.jsonl", 0)]
