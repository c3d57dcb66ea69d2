"""`selfinstruct dedup` keeps the first of near-duplicate rows, in order and byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from selfinstruct.cli.dedup import command
from selfinstruct.errors import DataError

LINES = [
    '{"instruction":  "Name three large rivers of Europe.", "n": 1}',
    '{"instruction": "Write a poem about the sea.", "n": 2}',
    '{"instruction": "Name three large rivers of Asia.", "n": 3}',
    '{"instruction": "写一首关于大海的短诗", "n": 4}',
    '{"instruction": "写一首关于大海的短诗。", "n": 5}',
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n".join(LINES) + "\n\n", "utf-8")
    return path


def dedup(*args: object) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args])


def test_the_first_of_near_duplicates_is_kept_unchanged(file: Path, tmp_path: Path) -> None:
    result = dedup(file, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    assert "5 rows, 3 kept, 2 dropped" in result.output
    assert (tmp_path / "out.jsonl").read_text("utf-8") == "\n".join([LINES[0], LINES[1], LINES[3]]) + "\n"
    assert not (tmp_path / "out.jsonl.dropped.jsonl").exists()


def test_dropped_rows_are_written_with_their_nearest_kept_text(file: Path, tmp_path: Path) -> None:
    dedup(file, "-o", tmp_path / "out.jsonl", "--dropped")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl.dropped.jsonl").read_text("utf-8").splitlines()]
    assert [row["n"] for row in rows] == [3, 5]
    assert rows[0]["dropped_for"] == {"nearest": "Name three large rivers of Europe.", "score": pytest.approx(5 / 6)}


def test_a_higher_threshold_keeps_more_rows_and_out_has_a_default_name(file: Path) -> None:
    assert "4 kept, 1 dropped" in dedup(file, "--threshold", 0.9).output
    assert len((file.parent / "tasks.dedup.jsonl").read_text("utf-8").splitlines()) == 4


def test_a_threshold_that_is_no_number_is_refused(file: Path) -> None:
    refused = CliRunner().invoke(command, [str(file), "--threshold", "nan"])
    assert refused.exit_code == 2, refused.output
    assert not file.with_name("tasks.dedup.jsonl").exists()


def test_the_compared_field_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"q": "a b c"}\n{"q": "a b c"}\n', "utf-8")
    assert "2 rows, 1 kept" in dedup(path, "--field", "q").output


def turns(key: str, role: str, content: str, *texts: str) -> dict[str, object]:
    speakers = ("user", "assistant") if role == "role" else ("human", "gpt")
    return {key: [{role: speaker, content: text} for speaker, text in zip(speakers, texts, strict=True)]}


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Name a bird.", "input": "", "output": "Wren"},
        {"prompt": "Name a bird.", "completion": "Wren"},
        {
            "prompt": [{"role": "user", "content": "Name a bird."}],
            "completion": [{"role": "assistant", "content": "Wren"}],
        },
        {"text": "Name a bird."},
        {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Name a bird."}]},
        turns("messages", "role", "content", "Name a bird.", "Wren"),
        turns("conversations", "from", "value", "Name a bird.", "Wren"),
    ],
)
def test_rows_of_our_own_formats_need_no_field(row: dict[str, object], tmp_path: Path) -> None:
    other = json.loads(json.dumps(row).replace("bird", "fish that lives in cold water"))
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in (row, other, row)), "utf-8")
    assert "3 rows, 2 kept, 1 dropped" in dedup(path).output


def test_a_field_may_be_nested(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [turns("messages", "role", "content", question, "Wren") for question in ("Name a bird.", "Who sings?")]
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    assert "2 rows, 1 kept" in dedup(path, "--field", "messages[1].content").output
    assert "2 rows, 1 kept" in dedup(path, "--field", "messages[-1].content", "-o", tmp_path / "other.jsonl").output
    assert "2 rows, 2 kept" in dedup(path, "--field", "messages[0].content", "-o", tmp_path / "third.jsonl").output
    result = dedup(path, "--field", "messages[7].content", "-o", tmp_path / "fourth.jsonl")
    assert "Name one with --field, such as --field messages[0].content" in str(result.exception)


@pytest.mark.parametrize(
    ("line", "message"),
    [("[1]", "line 2 is not a JSON object"), ("{oops", "line 2 is not"), ('{"n": 1}', "line 2 has no text under")],
)
def test_an_unreadable_row_is_named_and_nothing_is_written(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "a"}\n' + line + "\n", "utf-8")
    result = dedup(path)
    assert isinstance(result.exception, DataError)
    assert message in result.exception.message
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_a_data_error(tmp_path: Path) -> None:
    assert isinstance(dedup(tmp_path / "none.jsonl").exception, DataError)


def test_lone_surrogates_in_a_dropped_row_are_written_safely(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "a \\ud800 b"}\n{"instruction": "a \\ud800 b"}\n', "utf-8")
    assert "1 kept, 1 dropped" in dedup(path, "--dropped").output
