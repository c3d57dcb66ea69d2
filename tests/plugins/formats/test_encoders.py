"""The training formats: the shape of a row, and texts that stay unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import EXPORT, ConfigError, Example, NoOptions
from selfinstruct.plugins.registry import ENCODER, Registry
from selfinstruct_formats.alpaca import AlpacaEncoder
from selfinstruct_formats.chat import ChatOptions, ConversationalPairEncoder, MessagesEncoder, ShareGPTEncoder
from selfinstruct_formats.templates import TEMPLATES, fill
from selfinstruct_formats.text import TextEncoder, TextOptions

PLAIN = Example("Name a river.", "", "Rhine", False, "g0.0")
GIVEN = Example("Translate.", "Fluss", "river", False, "g0.1")
texts = st.text() | st.sampled_from(
    ["{output}", "{question}{input}", "{system}", "<|eot_id|>", "{", "}}", "{{output}}"]
)


def test_the_formats_serve_the_export_only() -> None:
    ours = [offer.component for offer in Registry.load().offers(ENCODER) if offer.plugin == "formats"]
    assert [component.name for component in ours] == [
        "alpaca",
        "conversational-prompt-completion",
        "messages",
        "sharegpt",
        "text",
    ]
    assert {component.stages for component in ours} == {(EXPORT,)}


def test_messages_are_turns_with_roles() -> None:
    assert MessagesEncoder(ChatOptions()).encode(GIVEN) == {
        "messages": [
            {"role": "user", "content": "Translate.\n\nFluss"},
            {"role": "assistant", "content": "river"},
        ]
    }
    (first, second, _) = MessagesEncoder(ChatOptions(system="Be brief.")).encode(PLAIN)["messages"]  # type: ignore[str-unpack,misc]
    assert first == {"role": "system", "content": "Be brief."}
    assert second == {"role": "user", "content": "Name a river."}


def test_a_conversational_pair_is_the_messages_parted_before_the_answer() -> None:
    assert ConversationalPairEncoder(ChatOptions(system="Be brief.")).encode(GIVEN) == {
        "prompt": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Translate.\n\nFluss"},
        ],
        "completion": [{"role": "assistant", "content": "river"}],
    }


def test_sharegpt_rows_are_turns_between_human_and_gpt() -> None:
    assert ShareGPTEncoder(ChatOptions(system="Be brief.")).encode(GIVEN) == {
        "conversations": [
            {"from": "system", "value": "Be brief."},
            {"from": "human", "value": "Translate.\n\nFluss"},
            {"from": "gpt", "value": "river"},
        ]
    }
    assert len(ShareGPTEncoder(ChatOptions()).encode(GIVEN)["conversations"]) == 2  # type: ignore[arg-type]


def test_alpaca_rows_have_three_columns() -> None:
    alpaca = AlpacaEncoder(NoOptions())
    assert alpaca.encode(GIVEN) == {"instruction": "Translate.", "input": "Fluss", "output": "river"}
    assert alpaca.encode(PLAIN)["input"] == ""


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {},
            (
                "<|start_header_id|>user<|end_header_id|>\n\nTranslate.\n\nFluss<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\nriver<|eot_id|>"
            ),
        ),
        (
            {"system": "Be {output}.", "begin": True},
            (
                "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe {output}.<|eot_id|>"
                "<|start_header_id|>user<|end_header_id|>\n\nTranslate.\n\nFluss<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\nriver<|eot_id|>"
            ),
        ),
        (
            {"template": "chatml", "system": "Hi", "begin": True},
            (
                "<|im_start|>system\nHi<|im_end|>\n<|im_start|>user\nTranslate.\n\nFluss<|im_end|>\n"
                "<|im_start|>assistant\nriver<|im_end|>"
            ),
        ),
        ({"template": "plain"}, "### Task\nTranslate.\n\nFluss\n\n### Answer\nriver"),
        ({"template": "plain", "system": "Hi"}, "Hi\n\n### Task\nTranslate.\n\nFluss\n\n### Answer\nriver"),
    ],
)
def test_text_rows_are_filled_templates(options: dict[str, Any], text: str) -> None:
    assert TextEncoder(TextOptions(**options)).encode(GIVEN) == {"text": text}


@given(st.builds(Example, texts, texts, texts, st.booleans(), st.just("g0.0")), texts | st.none())
def test_texts_are_never_treated_as_templates_or_changed(example: Example, system: str | None) -> None:
    whole = f"{example.instruction}\n\n{example.input}" if example.input else example.instruction
    for name, template in TEMPLATES.items():
        (text,) = TextEncoder(TextOptions(template=name, system=system)).encode(example).values()
        before, between, after = template.turn.replace("{question}", "\0").replace("{output}", "\0").split("\0")
        said = "" if system is None else template.system.replace("{system}", system)
        assert text == said + before + whole + between + example.output + after
    for encoder in (MessagesEncoder(ChatOptions(system=system)), ShareGPTEncoder(ChatOptions(system=system))):
        (turns,) = encoder.encode(example).values()
        said_first = [] if system is None else [system]
        assert [list(turn.values())[1] for turn in turns] == [*said_first, whole, example.output]  # type: ignore[union-attr]


@given(st.lists(st.sampled_from(["{output}", "{input}", "{question}", "{other}", "{", "}", "{{", "x"])), texts, texts)
def test_placeholders_are_filled_in_one_pass(pieces: list[str], output: str, given_input: str) -> None:
    """The result is the same as if the template were split at its placeholders first."""
    parts = {"output": output, "input": given_input}
    template = "\0".join(pieces)
    filled = [{"{output}": output, "{input}": given_input}.get(piece, piece) for piece in pieces]
    assert fill(template, parts) == "\0".join(filled)


class TestTemplateFile:
    """A template file of the user."""

    def read(self, tmp_path: Path, content: str | bytes) -> TextEncoder:
        path = tmp_path / "template.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return TextEncoder(TextOptions(template_file=str(path)))

    def test_a_template_file_is_filled_in(self, tmp_path: Path) -> None:
        text = self.read(tmp_path, 'Q: {question}\nJSON: {"a": {x}} {{output}}\nA: {output}</s>\n')
        assert text.encode(GIVEN) == {
            "text": 'Q: Translate.\n\nFluss\nJSON: {"a": {x}} {river}\nA: river</s>'
        }  # editors add the final newline

    def test_other_line_endings_are_accepted(self, tmp_path: Path) -> None:
        text = self.read(tmp_path, "\ufeff{instruction}|{input}\r\n{output}\r\n")
        assert text.encode(PLAIN) == {"text": "Name a river.|\nRhine"}

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("{question}", "lacks a part of an example"),
            ("{instruction} {output}", "lacks a part of an example"),
            ("{question} {outptu}", "lacks a part of an example"),
            ("{ question } {output}", "lacks a part of an example"),
            ("", "lacks a part of an example"),
            ("{system} {question} {output}", "cannot contain {system}"),
            (b"\xff{question}{output}", "not UTF-8"),
        ],
    )
    def test_a_bad_template_file_is_refused(self, tmp_path: Path, content: str | bytes, words: str) -> None:
        with pytest.raises(ConfigError) as caught:
            self.read(tmp_path, content)
        assert words in caught.value.message

    def test_a_missing_template_file_is_refused(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.txt", tmp_path):
            with pytest.raises(ConfigError, match="cannot be read"):
                TextEncoder(TextOptions(template_file=str(path)))

    def test_system_and_begin_are_refused_with_a_template_file(self) -> None:
        for more in ({"system": "Hi"}, {"begin": True}):
            with pytest.raises(ValueError, match="into the file"):
                TextOptions(template_file="a.txt", **more)
