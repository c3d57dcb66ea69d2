"""The final part of a reply: every wrapper that is known, and texts that are about such wrappers."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api.text import final_text
from tests.steps import steps

ANSWER = "1. Write a poem.\n2. Name a river."
WRAPPERS = [
    ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<THINK>", "</THINK>"), ("<reasoning>", "</reasoning>"),
    ("<thought>", "</thought>"), ("<seed:think>", "</seed:think>"), ('<think effort="low">', "</think>"),
    ("<reasoning_content>", "</reasoning_content>"), ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"), ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|think|>", "<|/think|>"), ("<|channel>thought\n", "<channel|>"), ("<unused94>thought\n", "<unused95>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("analysisThe user wants tasks.", "assistantfinal"), ("Thinking...\n", "\n...done thinking.\n"),
    ('<details type="reasoning" done="true">', "</details>"),
]  # fmt: skip
THOUGHTS = ["Let me see.", "\n1. A poem?\n2. A song?\n", "One\n\nTwo <b>three</b>.\n"]


@pytest.mark.parametrize(("opened", "closed"), WRAPPERS)
@pytest.mark.parametrize("thought", THOUGHTS)
@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_thinking_goes(opened: str, closed: str, thought: str, between: str) -> None:
    assert final_text(f"{opened}{thought}{closed}{between}{ANSWER}").strip() == ANSWER
    assert final_text(f"\n {opened}{thought}{closed}{between}{ANSWER}").strip() == ANSWER


CLOSED_BY_SERVER = [pair for pair in WRAPPERS if not pair[0].startswith(("Thinking", "analysis", "<|channel|>"))]


@pytest.mark.parametrize(("opened", "closed"), CLOSED_BY_SERVER)
def test_the_opening_sign_may_have_stood_in_the_prompt(opened: str, closed: str) -> None:
    del opened
    assert final_text(f"1. A poem?\n2. A song?\n{closed}\n\n{ANSWER}").strip() == ANSWER


@pytest.mark.parametrize("opened", [pair[0] for pair in WRAPPERS if not pair[0].startswith("Thinking")])
def test_thinking_that_never_ends_is_all_there_is(opened: str) -> None:
    assert final_text(f"{opened}1. A poem?\n2. A so") == ""


@pytest.mark.parametrize(
    "text",
    [
        "Explain what <think> means in a reply.",
        "1. Explain the tag `<think>`.\n2. When does `</think>` follow?",
        "Where does [THINK] stand in a template, and where does [/THINK]?",
        "Remove the reasoning from this reply:\n<think>\nOne and one.\n</think>\nTwo.",
        "```\n<think>\nx\n</think>\n```\nWhat does this print?",
        "Explain what <|im_end|> does, and why `<|im_start|>user` is not typed.",
        "Explain what <|channel|>analysis means in harmony.",
        "What does <s>old</s> look like in HTML?",
        "[Reasoning] If all cats purr, does Tom?",
        "Analysis of a poem\n\nIt rhymes.",
        "The assistant finally spoke.",
        "<<OUTPUT>>\n<think>\na tag\n</think>\nand text",
    ],
)
def test_a_text_about_such_signs_stays_whole(text: str) -> None:
    assert final_text(text) == text


@pytest.mark.parametrize(
    ("text", "final"),
    [
        ("Au<|eot_id|>", "Au"),
        ("Au.</s>", "Au."),
        ("<s>Au", "Au"),
        ("<|im_start|>assistant\nAu<|im_end|>", "Au"),
        ("<start_of_turn>model\nAu<end_of_turn>", "Au"),
        ("<|start_header_id|>assistant<|end_header_id|>\n\nAu<|eot_id|>", "Au"),
        ("<｜Assistant｜>Au<｜end▁of▁sentence｜>", "Au"),
        ("1. a<|end|>\n2. b<|end|>", "1. a\n2. b"),
        ("Au<|im_end|>\n<|im_start|>user\nAnd silver?<|im_end|>", "Au"),
        ("Au [/INST]", "Au"),
        ("<think>x</think><answer>\nAu\n</answer>", "Au"),
    ],
)
def test_tokens_of_a_template_go(text: str, final: str) -> None:
    assert final_text(text).strip() == final


def test_thinking_between_two_items_goes() -> None:
    assert final_text("1. a\n<think>\nb?\n</think>\n2. b") == "1. a\n\n2. b"


def test_a_text_without_signs_is_not_touched() -> None:
    text = "Write\r\n  a poem. \n\n"
    assert final_text(text) is text


PIECES = (
    "<think>", "</think>", "<|channel|>", "analysis", "final<|message|>", "assistantfinal", "<|im_end|>", "[THINK]",
    "<|im_start|>user", "\n", " ", "x.", "`", "<answer>", "</answer>", "<s>", "```\n", ":", "◁think▷",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text())
def test_any_text_has_a_final_part_and_nothing_is_added(text: str) -> None:
    final = final_text(text)
    assert len(final) <= len(text)
    rest = iter(text)
    assert all(sign in rest for sign in final.replace("\n", ""))


LISTED = "1. Describe a lighthouse.\n2. Convert 72 degrees Fahrenheit to Celsius.\n3. Draft a two-line apology from a"


@pytest.mark.parametrize(
    "thought",
    [
        "<ponder>Considering the list, I could ask for a poem.\n1. A poem",
        "<|begin_of_mulling|>Something about rivers, or",
        "Okay, so I need to come up with eight tasks.\n1. Perhaps a poem",
        "Hmm, the user asked for tasks. Perhaps:\n1. A poem",
        "[[REASON>> We need to produce tasks.",
        "The user wants a list, so",
        "Let's think step by step. First",
        "## Thought process\n\nThe user wants new tasks.\n\n1. Something on history\n2. Something on maths",
        "**Reasoning**\n\nLet me look at what the examples have in common.\n\n- First idea: explain tides.\n- Second",
        "# Thinking\n\nGoal: eight tasks.\n\n1. Summarize a fable\n2. Name three rivers\n\nCheck: the first",
        "### Step 1: Analyse the request\n\nIt asks for tasks.\n\n### Step 2: Brainstorm\n\n1. A letter\n2. A poem",
        "Thinking Process:\n\n1.  **Analyze the Request:**\n    *   Eight tasks.\n2.  **Brainstorm:**\n    *   A",
        "1. **Analyze the Request:**\n   * Eight tasks, all new.\n2. **Draft:**\n   * Explain tides\n   * Describe",
        "**Analysis:**\nThe prompt wants variety in verbs, and no repeated subjects.\n1. Compare two bridges\n2. List",
        "Looking at the examples, they mix poems and maths.\n\n- Explain tides\n- Sort numbers\n- Describe a",
        "I need to come up with tasks that are new. Possible ones:\n1. Explain tides\n2. Sort numbers",
        "1. Maybe explain how tides work? Too close.\n2. Spam or not. Good.\n\nWait, I should not use two of",
        "The examples cover cooking, code and poems. So law, trade.\n1. Explain habeas corpus\n2. Describe",
        "My goal is eight tasks, two of them classification.\n\n* law\n* sports\n* trade and",
    ],
)
def test_a_cut_reply_that_never_came_to_its_answer_is_all_thinking(thought: str) -> None:
    assert final_text(thought, is_cut=True) == ""
    assert final_text(thought) != "", "what ended by itself may hold the answer"


@pytest.mark.parametrize(
    "text",
    [
        "Okay, the user wants tasks. Here are eight:\n1. Write a poem",
        "1. The user wants a poem. Write it",
        "<tasks>\nWrite a poem\nWrite a",
        "<ponder>Hm, the list</ponder>\nWrite a poem about",
        "I need to write an email to",
        "<<INPUT>>\nLet me think about it.\n<<OUTPUT>>\nYou",
        "Output: We need to go",
        "Let me know how bees",
        f"## Reasoning\n\n{LISTED}",
        f"**Planning**\n{LISTED}",
        "### Analysis\n1. Analyze the trend in these sales: 3, 4, 9.\n2. Compare two bridges.\n3. Write",
        f"## New tasks\n\n{LISTED}",
        f"## Thought process\n\nVary the verbs.\n\n## Tasks\n\n{LISTED}",
        f"Okay, the user wants tasks. I will vary them.\n\nHere are the tasks:\n{LISTED}",
        f"Let me think about verbs first.\n\nTasks:\n{LISTED}",
        f"I have written three tasks that differ.\n\n{LISTED}",
        "1. Wait times in a hospital rose from 3 to 4 hours: by how many percent?\n2. Explain the proverb.\n3. Hum",
        '1. Write a scene in which a guard says "Wait!" and nobody listens.\n2. Explain tides.\n3. Draft',
    ],
)
def test_other_cut_replies_stay_as_they_are(text: str) -> None:
    assert final_text(text, is_cut=True) == final_text(text) == text


@pytest.mark.parametrize("piece", ["[t", "[{", "<think>a", "</think>.", "\n", "assistantfinal", "**"])
def test_the_work_of_reading_is_bounded(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply of many megabytes keeps the thread that reads it no longer than a long one: a signal waits for it."""
    monkeypatch.setattr("selfinstruct.text.final_answer.LONGEST_READ", 4_000)
    bounded, long, longer = piece * (4_000 // len(piece) + 1), piece * 4_000, piece * 40_000
    assert final_text(long) == final_text(bounded)
    assert steps(partial(final_text, longer)) == steps(partial(final_text, long))


def test_nothing_of_a_usual_reply_is_beyond_what_is_read() -> None:
    """Some 128,000 tokens are the most that a model gives: its answer stands behind all of its thinking."""
    assert final_text(f"<think>{'A poem? ' * 100_000}</think>{ANSWER}") == ANSWER


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("<s>[INST] <<SYS>>\nWrite.\n<</SYS>>\n\n1. Old task. [/INST]", "</s>"),
        ("<|im_start|>system\nWrite.<|im_end|>\n<|im_start|>user\n1. Old task.<|im_end|>\n<|im_start|>assistant\n", ""),
        (
            "<|start_header_id|>user<|end_header_id|>\n1. Old.<|eot_id|><|start_header_id|>assistant<|end_header_id|>",
            "<|eot_id|>",
        ),
        ("<bos><start_of_turn>user\n1. Old task.<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>"),
    ],
)
def test_a_prompt_that_is_sent_back_in_its_template_goes(asked: str, answered: str) -> None:
    assert final_text(asked + ANSWER + answered).strip() == ANSWER
