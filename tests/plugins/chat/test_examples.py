"""The reader of raw instances: a corpus of replies, the forms models send, and what any text must give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Example, Instruction, Reply, Request
from selfinstruct_chat.readers.examples import ChatExamplesReader

CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "instances").glob("*.json"))


def read(text: str, labels: bool = False, finish: Any = "stop", instruction: str = "Do it.") -> list[Example]:
    subject = Instruction("g0.0", instruction, None, labels)
    return list(ChatExamplesReader().process(Request("prepare", 0, (), subjects=(subject,)), Reply(text, finish)))


def pairs(text: str, labels: bool = False, finish: Any = "stop") -> list[tuple[str, str]]:
    return [(example.input, example.output) for example in read(text, labels, finish)]


def test_the_corpus_is_there() -> None:
    assert len(CORPUS) >= 20


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    found = read(case["reply"], case["is_classification"], case["finish"], case["instruction"])
    assert [{"input": one.input, "output": one.output} for one in found] == case["examples"]
    assert [bool(one.notes.get("cut")) for one in found] == [False] * (len(found) - 1) + [case["cut"]]
    assert {one.instruction for one in found} == {case["instruction"]}
    assert {one.is_classification for one in found} == {case["is_classification"]}


MARKS = [
    ("<<INPUT>>\n", "<<OUTPUT>>\n"),
    ("<<Input>>\n", "<<Output>>\n"),
    ("**<<INPUT>>**\n", "**<<OUTPUT>>**\n"),
    ("<<INPUT>>: ", "<<OUTPUT>>: "),
    ("## <<INPUT 3>>\n", "## <<OUTPUT 3>>\n"),
    ("<<INPUT>>\n", "<<ANSWER>>\n"),
    ("Input: ", "Output: "),
    ("input:\n", "output:\n"),
    ("**Input**: ", "**Output**: "),
    ("**Input:**\n", "**Output:**\n"),
    ("### Input\n", "### Output\n"),
    ("### Input:\n", "### Response:\n"),
    ("- Input: ", "- Output: "),
    ("> Input: ", "> Output: "),
    ("Input 1: ", "Output 1: "),
    ("Sample input: ", "Expected output: "),
    ("Example 1:\nInput: ", "Output: "),
    ("**Input**\n", "**Output**\n"),
    ("Input：", "Output："),
    ("<input>\n", "<output>\n"),
    ("Input: ", "Answer: "),
]
TEXTS = ["one", "two words\n\nand a paragraph", "Meet at 10:30: by the door", "- a\n- b", "```\nOutput: x\n```", "a: b"]


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("text", TEXTS)
def test_forms_of_markers(marks: tuple[str, str], text: str) -> None:
    raw = f"{marks[0]}{text}\n{marks[1]}say\n{text}"
    assert pairs(raw) == [(text, f"say\n{text}")]
    assert pairs(f"Here is the example:\n\n{raw}") == [(text, f"say\n{text}")]


@pytest.mark.parametrize(
    "marker", ["<<OUTPUT>>\n{}\n<<INPUT>>\n{}", "Class label: {}\n{}", "**Label:** {}\n{}", "Output: {}\nInput: {}"]
)
def test_label_first(marker: str) -> None:
    raw = "\n\n".join(marker.format(label, text) for label, text in (("pos", "Good."), ("neg", "Bad.\n\nVery bad.")))
    assert pairs(raw, labels=True) == [("Good.", "pos"), ("Bad.\n\nVery bad.", "neg")]


def test_labels_beside_delimiters_are_outputs() -> None:
    raw = "Class label: pos\n<<INPUT>>\nGood.\n\nClass label: neg\n<<INPUT>>\nBad."
    assert pairs(raw, labels=True) == [("Good.", "pos"), ("Bad.", "neg")]
    assert pairs("Answer: pos\nInput: Good.", labels=True) == [("Good.", "pos")]


@pytest.mark.parametrize("text", ["144", "Yes\nbecause it rains.", "A poem.\n\nSecond line."])
def test_a_reply_that_begins_with_its_answer_has_no_input(text: str) -> None:
    assert pairs(f"Answer: {text}") == pairs(f"Answer:\n{text}") == [("", text)]


@pytest.mark.parametrize(
    "none", ["N/A", "n/a", "None", "(none)", "<noinput>", "No input", "*No input required.*", "[none needed]"]
)
def test_placeholders_for_no_input(none: str) -> None:
    assert pairs(f"<<INPUT>>\n{none}\n<<OUTPUT>>\nx") == [("", "x")]
    assert pairs(f"<<OUTPUT>>\nx\n<<INPUT>>\n{none}", labels=True) == [("", "x")]


def test_a_delimiter_for_no_input() -> None:
    assert pairs("<<NOINPUT>>\n<<OUTPUT>>\nx") == [("", "x")]
    assert pairs("<<INPUT>>\n<<NO INPUT>>\n<<OUTPUT>>\nx\n<<END>>\nbye") == [("", "x")]


@pytest.mark.parametrize("text", ["Nonesuch", "None of these.", "no input device", "0"])
def test_inputs_that_look_like_none(text: str) -> None:
    assert pairs(f"<<INPUT>>\n{text}\n<<OUTPUT>>\nx") == [(text, "x")]


@pytest.mark.parametrize(
    "text",
    [
        "Yes: the label: fits",
        "Note: Input: is a word",
        "Example 3 of 10 fails",
        "Output of the mill: 3 t",
        "outputs",
        "label: x",
    ],
)
def test_no_text_is_taken_for_a_marker(text: str) -> None:
    assert pairs(f"<<OUTPUT>>\n{text}") == [("", text)]
    assert pairs(text) == [("", text)]
    assert pairs(f"Input: {text}\nOutput: {text}") == [(text, text)]


def test_unmarked_text_is_noted() -> None:
    (example,) = read("Just a poem.")
    assert (example.text, dict(example.notes)) == ("Just a poem.", {"unmarked": True})
    assert not read("<<OUTPUT>>\nA poem.")[0].notes


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ('{"input": "a", "output": "b"}', [("a", "b")]),
        ('{"examples": [{"Input": null, "Output": 3}]}', [("", "3")]),
        ('[{"label": "x", "text": "t"}]', [("t", "x")]),
        ('[{"input": "a", "output": ["p", "q"]},]', [("a", '["p", "q"]')]),
        ('{"name": "Ada", "born": 1815}', [("", '{"name": "Ada", "born": 1815}')]),
        ('{"a": 1, "b": 2, "c": 3, "output": 4}', [("", '{"a": 1, "b": 2, "c": 3, "output": 4}')]),
        ("[1, 2, 3]", [("", "[1, 2, 3]")]),
        ('[{"input": "a", "output": "b"}, {"in', [("a", "b"), ("", "")]),
        ('[{"output": "caf\\u00', [("", "caf")]),
        ("{", [("", "{")]),
    ],
)
def test_json(raw: str, found: list[tuple[str, str]]) -> None:
    assert pairs(raw) == found


def test_only_the_last_example_is_cut() -> None:
    raw = "<<INPUT>>\na\n<<OUTPUT>>\nb\n<<INPUT>>\nc\n<<OUTPUT>>\nd"
    assert [bool(one.notes.get("cut")) for one in read(raw, finish="length")] == [False, True]
    assert not any(one.notes.get("cut") for one in read(raw))


PIECES = [
    "<<INPUT>>",
    "<<OUTPUT>>",
    "<<LABEL>>",
    "<<END>>",
    "Input:",
    "Output:",
    "### Output",
    "Class label: a",
    "Answer:",
    "Example 1:",
    "Example 2",
    "```",
    "\n",
    "\n\n",
    "text ",
    "N/A",
    "---",
    "<input>",
    "</input>",
    "<output>",
    "[",
    "{",
    '"output": "x"',
    "}",
    "<think>",
    "</think>",
    "**",
    " ",
    "\t",
    "\r",
    "Email: x",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.booleans(), st.sampled_from(["stop", "length"]))
def test_any_markup_gives_examples(text: str, labels: bool, finish: Any) -> None:
    _holds(text, labels, finish)


@given(st.text(), st.booleans(), st.sampled_from(["stop", "length", "filtered", "unknown"]))
def test_any_text_gives_examples(text: str, labels: bool, finish: Any) -> None:
    _holds(text, labels, finish)


def _holds(text: str, labels: bool, finish: Any) -> None:
    found = read(text, labels, finish)
    assert found
    cut = [bool(one.notes.get("cut")) for one in found]
    assert not any(cut[:-1])
    assert cut[-1] == (finish in ("length", "filtered")) or '"' in text  # JSON says itself whether it is whole
    for one in found:
        assert one.output == one.output.rstrip()
        if one.input and not one.input.startswith(("[", "{")) and '"' not in text:
            assert one.input in text
            assert one.output in text


LINE = st.text("abcIO019.,!?: ", max_size=20).map(lambda text: f"x{text}y")
BODY = st.lists(LINE | st.just(""), max_size=3).map(lambda lines: "\n".join(["z", *lines, "z"]))


@given(st.lists(st.tuples(BODY, BODY), min_size=1, max_size=4), st.booleans())
def test_the_form_asked_for_is_read_as_written(cases: list[tuple[str, str]], labels: bool) -> None:
    blocks = [(f"<<INPUT>>\n{given}", f"<<OUTPUT>>\n{output}") for given, output in cases]
    raw = "\n\n".join("\n".join(reversed(block) if labels else block) for block in blocks)
    assert pairs(raw, labels) == cases


def test_a_long_text_is_read_in_time() -> None:
    for text in (
        " " * 20_000,
        "\n" * 20_000,
        "*" * 20_000,
        "<<INPUT>>\n" * 3_000,
        "Input" + " " * 20_000,
        "```\n" * 5_000,
    ):
        read(text)
