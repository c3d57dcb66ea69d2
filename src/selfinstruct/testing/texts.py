"""Texts that a component may meet: what models write on a bad day, and whatever hypothesis thinks of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

LONG = 100_000
"""Characters of the longest text: more than a model writes, and enough to notice work that grows with the square."""

NASTY: dict[str, str] = {
    "empty": "",
    "blank": " \n\t\r\n\u00a0\u3000 ",
    "one letter": "a",
    "controls": "\x00\x01\x07\x1b[2J\x7f\u0085",
    "zero width": "\ufeff\u200b\u200d\u2060",
    "right to left": "\u202e1. \u0627\u0643\u062a\u0628 \u0642\u0635\u064a\u062f\u0629\u202c",
    "Chinese": "1. \u5199\u4e00\u9996\u8bd7\u3002\n2. \u89e3\u91ca\u6f6e\u6c50\u3002",
    "combining": "1. e\u0301\u0301\u0301\u0301 Z\u0336\u0321\u0322",
    "emoji": "1. \U0001f469\u200d\U0001f469\u200d\U0001f467 Write. \U0001f600",
    "list": "1. Write a poem.\n2. Name a river.\n3. Sort the words.",
    "list with answers": "1. Name a river.\nAnswer: the Rhine.\n\n2. Add 2 and 2.\nAnswer: 4.",
    "numbers that fall": "3. Write.\n2. Name.\n1. Sort.\n0. Add.\n-1. Take.",
    "huge number": f"{'9' * 5000}. Write a poem.",
    "other digits": "\u0661. Write.\n\u0662. Name.\n\u00b2. Sort.\n\u2460 Add.",
    "table": "| 1 | Write |\n|---|---|\n| 2 | Name |",
    "JSON list": json.dumps(["Write a poem.", {"instruction": "Name a river.", "input": None, "output": [1, 2]}]),
    "nested JSON": json.dumps({"tasks": [{"task": {"instruction": ["Write", {"text": {"a": None}}]}}]}),
    "deep JSON": "[" * 5_000 + "]" * 5_000,
    "broken JSON": '{"instruction": "Write a poem.", "input": "a\\',
    "odd JSON": '[NaN, Infinity, -1e999, 1e5000, "\\ud83d", {"": {}}, true]',
    "fence": "```json\n[]\n```",
    "unclosed fence": "1. Write this:\n```python\nprint('1. Write')\n",
    "fences in fences": "````\n```\n~~~\n1. Write\n````\n```",
    "thinking": "<think>1. Write</think>1. Name a river.",
    "unclosed thinking": "<think>Let me see: 1. Write",
    "markers": "<<INPUT>>\n<<OUTPUT>>\n<<INPUT>>\n<<OUTPUT>><<END>>",
    "labels": "Input: 1\nOutput: 2\nExample 1\nOutput:\nClass label: yes\nOutput: Output: 3",
    "templates": "{} {0} {instruction} {output!r} {{ }} %s %(a)s $a ${a} {% raw %}",
    "tokens": "<|eot_id|><|im_start|>system\n</s>[INST]",
    "yes and no": "1: yes\n2: no\n3. Yes, it is.\nyes",
    "lone surrogate": "1. Write \ud83d about \udc00.",
    "newlines": "1. Write\u2028a\u2029b\x0bc\x0cd\x1ee",
    "quotes": "1. \"Write\" 'a' \u201cpoem\u201d `now`",
    "words": "word " * 2_000,
    "blank lines": "\n" * 20_000,
    "long line": "a" * LONG,
    "long list": "".join(f"{number}. Write poem {number}.\n" for number in range(1, LONG // 20)),
}
"""Texts by what is nasty about them."""

STORED = {name: text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for name, text in NASTY.items()}
"""The same as the core hands them on: no file can hold half a surrogate pair, so it became U+FFFD."""

_LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(sorted(text for text in STORED.values() if len(text) < 200)),
        st.builds("{}{} {}".format, st.integers(-2, 40), st.sampled_from([".", ")", ":", " -"]), st.text(max_size=30)),
    ),
    max_size=8,
)


def any_text() -> SearchStrategy[str]:
    """Any text that a file can hold, and such as look like replies."""
    return st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), _LINES.map("\n".join))


def for_any(strategy: SearchStrategy[T], check: Callable[[T], object], examples: int = 50) -> None:
    """Run a check on values that hypothesis makes up; what fails is made as small as can be.

    There are so many `examples`, or fewer where the loaded profile of hypothesis says so.
    """
    count = min(examples, settings().max_examples)

    @settings(max_examples=count, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run(value: T) -> None:
        check(value)

    run()
