"""The chat parser: many forms of lists, what belongs to a task, and what any reply must give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Draft, Instruction, Reply, Request
from selfinstruct.types import Finish
from selfinstruct_chat.readers.tasks import ChatTasksReader
from selfinstruct_chat.readers.tidying import tidy

A, B, C = "Write a poem about rain.", "What is 12 times 12?", "Name three kinds of bread."
CLEAN = st.lists(
    st.from_regex(r"[A-Z][a-z]{2,8}( [a-z]{2,8}){2,7}[.?!]", fullmatch=True).filter(
        lambda text: not text.lower().startswith(("task", "prompt", "question", "problem", "exercise", "instruction"))
    ),
    min_size=2,
    max_size=9,
    unique=True,
)


def parse(text: str, finish: Finish = "stop", examples: tuple[Instruction, ...] = ()) -> list[Draft]:
    return list(ChatTasksReader().process(Request("generate", 0, (), examples=examples), Reply(text, finish)))


def texts(text: str, finish: Finish = "stop") -> list[str]:
    return [draft.text for draft in parse(text, finish)]


def only(text: str, finish: Finish = "stop") -> Draft:
    drafts = parse(text, finish)
    assert len(drafts) == 1
    return drafts[0]


FORMS = [
    "{}. {}", "{}) {}", "({}) {}", "{}: {}", "**{}.** {}", "**{}**. {}", "**{}. {}**", "__{}.__ {}", "Task {}: {}",
    "task {}. {}", "**Task {}:** {}", "**Task {}**: {}", "### Task {}\n{}", "### Task {}: {}", "## {}. {}", "#{} {}",
    "#{}: {}", "- {}. {}", "   {}. {}", "Instruction {}: {}", "{}、{}", "{} - {}", "Task {} – {}", "{}\ufe0f\u20e3 {}",
    "任务{}：{}", "{}.\n{}", "{}. Task: {}",
    '{}. "{}"', "[{}] {}", "Q{}: {}", "【タスク{}】{}", "{}\\. {}", "> {}. {}", "{}° {}", "{}/ {}", "（{}）{}",
    "Tâche {} : {}",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
@pytest.mark.parametrize("first", [1, 9])
def test_numbered_forms(form: str, between: str, first: int) -> None:
    reply = between.join(form.format(first + at, task) for at, task in enumerate((A, B, C)))
    assert texts(reply) == [A, B, C]
    assert texts("Here are the tasks:\n\n" + reply) == [A, B, C]
    assert texts(reply.replace("\n", "\r\n")) == [A, B, C]


@pytest.mark.parametrize("bullet", ["-", "*", "•", "+", "–", "✅", "👉"])
def test_bullets(bullet: str) -> None:
    assert texts(f"{bullet} {A}\n{bullet} {B}\n  {bullet} detail\n{bullet} {C}") == [A, f"{B}\n{bullet} detail", C]


def test_a_fenced_block_in_a_list_with_bullets_belongs_to_its_task() -> None:
    code = "Fix this code:\n```python\n- x\n1. y\nprint(1)\n```"
    assert texts(f"- {A}\n- {code}\n- {C}") == [A, code, C]
    assert texts(f"* {code}\n* {C}") == [code, C]


def test_numbered_steps_below_numbered_tasks_belong_to_them() -> None:
    one, two = f"{A}\n1. First rhyme.\n2. Then end.", f"{B}\n1. Compute.\n2. Say it."
    assert texts(f"Task 1: {one}\nTask 2: {two}\nTask 3: {C}") == [one, two, C]
    steps = "Do these steps:\n1. Read.\n2. Write."
    assert texts(f"Task 1: {steps}\n\nTask 2: {B}") == [steps, B]


@pytest.mark.parametrize(
    ("reply", "tasks"),
    [
        (f'["{A}", "{B}"]', [A, B]),
        (f'["{A}", "{B}",]', [A, B]),
        (f'[{{"instruction": "{A}"}}, {{"task": "{B}"}}, {{"text": "{C}"}}]', [A, B, C]),
        (f'Sure!\n```json\n["{A}",\n "{B}"]\n```\nEnjoy!', [A, B]),
        (f'{{"tasks": ["{A}", "{B}"]}}', [A, B]),
        (f'{{"instruction": "{A}"}}\n{{"instruction": "{B}"}}', [A, B]),
        (f'["{A}", "What is', [A, "What is"]),
        (f'["{A}", {{"kind": "x", "task": "What is', [A, "What is"]),
        (f'{{"1": "{A}", "2": "{B}"}}', [A, B]),
        (f'{{"task_1": {{"task": "{A}"}}, "task_2": {{"task": "{B}"}},}}', [A, B]),
        ('[1, 2, {"name": "x"}]', ['[1, 2, {"name": "x"}]']),
        ("[No task provided]", ["[No task provided]"]),
    ],
)
def test_json(reply: str, tasks: list[str]) -> None:
    assert texts(reply) == tasks


@pytest.mark.parametrize("end", ['", "', '", ""', '", {"kind": "x', '", 5'])
def test_json_that_breaks_before_a_task(end: str) -> None:
    assert texts(f'["{A}{end}') == [A]


def test_json_that_breaks_inside_an_escape() -> None:
    assert texts(f'["{A}", "Caf\\u00') == [A, "Caf"]


def test_titles() -> None:
    assert texts(f"### Task 1: Haiku\n\n{A}\n\n### Task 2: Maths\n{B}") == [A, B]
    assert texts(f"1. **Mail:** {A}\n2. **Code Review**: {B}\n3. {C}") == [A, B, C]
    assert texts(f"### 1. Haiku\nthe sea at night\n### 2. Haiku\n{B}") == ["Haiku: the sea at night", f"Haiku: {B}"]
    assert texts(f"1. **Mail:** {A}\n2. {B}\n3. {C}") == [f"Mail: {A}", B, C]
    asked = parse(f"### Task 1: {A}\n\nDrip, drop.\n\n### Task 2: Sing a song")
    assert [draft.text for draft in asked] == [A, "Sing a song"]
    assert asked[0].notes["tail"] == "Drip, drop."


def test_json_inside_a_task_is_its_data() -> None:
    task = 'Sort this list:\n["pear", "fig"]'
    assert texts(f"1. {task}\n2. {B}") == [task, B]


def test_plain_lines_and_paragraphs() -> None:
    assert texts(f"{A}\n{B}\n{C}") == [A, B, C]
    assert texts(f"Here you go:\n{A}\n{B}") == [A, B]
    assert texts(A) == [A]
    assert texts("Imagine that you are a clock.\nwrite down what you\nthink at noon.") == [
        "Imagine that you are a clock. write down what you think at noon."
    ]
    assert len(parse("I'm sorry, I can't do that.\n\nIs there anything else?")) == 1


@pytest.mark.parametrize(
    "reply", ["", " \n\t ", "<think>1. a\n2. b</think>", "<think>1. Write a\n2. poem", "a\n</think>"]
)
def test_nothing(reply: str) -> None:
    assert parse(reply, "length") == []


@pytest.mark.parametrize("thinking", ["<think>\n1. Foo bar.\n2. x\n</think>\n", "1. Foo bar.\n</think>\n\n"])
def test_thinking_is_removed(thinking: str) -> None:
    assert texts(f"{thinking}1. {A}\n2. {B}") == [A, B]


def test_a_task_may_speak_of_tags() -> None:
    assert texts(f"1. {A}\n2. Explain what <think> means here.") == [A, "Explain what <think> means here."]


def test_numbers_rise() -> None:
    inner = "Which of these is false?\n1. Iron rusts.\n2. Gold rusts.\n3. Tin melts."
    assert texts(f"1. {A}\n2. {B}\n3. {inner}\n4. {C}") == [A, B, inner, C]
    nested = "Put these in order:\n1. Bake\n2. Knead\n3. Eat"
    assert texts("1. " + nested.replace("\n", "\n   ") + f"\n2. {B}") == [nested, B]
    assert texts(f"3. {A}\n4. {B} In 1969.\n90. data\n5. {C}") == [A, f"{B} In 1969.\n90. data", C]
    assert texts(f"1. {A}\n1. {B}\n1. {C}") == [A, B, C]
    assert texts(f"## Easy\n1. {A}\n2. {B}\n\n## Hard\n1. {C}") == [A, B, C]


@pytest.mark.parametrize(
    "task",
    [
        "Is it late?\n9:30 is the time.",
        "Round this:\n3.14 and 2.72",
        "Fix the code below.\n\n```python\n1. x\n\n2. y\n```",
        "Read the table.\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "Summarize the text below.\n\nFirst paragraph here.\n\nSecond paragraph here.",
        "Describe these people:\n* Ada\n    + born in London\n* Alan",
        "Answer the riddle.\nQuestion: What has keys?\nAnswer:",
    ],
)
def test_what_belongs_to_a_task_stays_as_written(task: str) -> None:
    assert texts(f"1. {A}\n\n2. {task}\n\n3. {C}") == [A, task, C]


def test_roman_numbers() -> None:
    assert texts(f"I. {A}\nII. {B}\nIII) {C}") == [A, B, C]
    assert texts(f"1. {A}\nI. data\n2. {B}") == [f"{A}\nI. data", B]


@pytest.mark.parametrize(
    "ranks", ["a) b) c)", "(a) (b) (c)", "A. B. C.", "① ② ③", "一、 二、 三、", "First, Second, Third,"]
)
def test_letters_and_other_ranks(ranks: str) -> None:
    first, second, third = ranks.split()
    assert texts(f"Here you are:\n\n{first} {A}\n{second} {B}\n{third} {C}") == [A, B, C]
    assert texts(f"**Easy**\n{first} {A}\n{second} {B}\n\n**Hard**\n{first} {C}") == [A, B, C]
    question = f"Which of these is a bird?\n{first} Bat\n{second} Robin"
    assert texts(f"1. {question}\n2. {B}") == [question, B]


def test_tags_and_tables() -> None:
    assert texts(f"<tasks>\n<task id='1'>{A}</task>\n<task id='2'>\n{B}\n</task>\n</tasks>") == [A, B]
    assert texts(f"<ol><li>{A}</li><li>{B}</li></ol>") == [A, B]
    table = f"| # | Kind | Task |\n|---|:--|---|\n| 1 | a | {A} |\n| 2 | b | {B} |"
    assert texts(f"Here is a table:\n\n{table}\n\nEnjoy!") == [A, B]
    assert texts(f"1. Fill in the table:\n{table}\n2. {C}") == [f"Fill in the table:\n{table}", C]
    assert texts("Explain what <li>this</li> does in HTML.") == ["Explain what <li>this</li> does in HTML."]


def test_names_of_kinds_in_brackets_go_if_most_tasks_have_one() -> None:
    assert texts(f"1. [Creative] {A}\n2. [Maths] {B}") == [A, B]
    assert texts(f"1. {A} (Creative)\n2. {B} (Maths)\n3. {C}") == [A, B, C]
    assert texts(f"1. {A} (Seaside)\n2. {B}\n3. {C}") == [f"{A} (Seaside)", B, C]
    assert texts(f"1. {A} (creative)\n2. [math] {B}\n3. {C}") == [A, B, C]


def test_the_first_item_may_continue_the_prompt() -> None:
    assert texts(f"{A}\n2. {B}\n3. {C}") == [A, B, C]
    assert texts(f"Here they are:\n2. {B}\n3. {C}") == [B, C]


def test_numbers_that_stutter_and_several_items_a_line() -> None:
    assert texts(f"1. {A}\n2. {B}\n2. {C}") == [A, B, C]
    assert texts(f"1. {A} 2. {B}\n3. {C}") == [A, B, C]
    inner = "Which is true? 1. Iron rusts. 2. Gold rusts."
    assert texts(f"1. {inner}\n2. {B}") == [inner, B]


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (B, "\nRespuesta: 144"), (B, "\n**Réponse :** 144"), (B, "\n答案：144"), (B, "\n답: 144"), (B, "\nОтвет: 144"),
        (B, " -> 144"), (B, " (Answer: 144)"), (B, " Antwort: 144"), (A, "\nExample: Drip, drop."),
        (A, "\n- *Expected output:* four lines"),
    ],
)  # fmt: skip
def test_announced_answers_are_no_part_of_a_task(task: str, answer: str) -> None:
    for reply in (f"1. {task}{answer}\n2. {C}", f"1. {C}\n2. {task}{answer}"):
        assert {(draft.text, draft.notes.get("answered", False)) for draft in parse(reply)} == {
            (task, True),
            (C, False),
        }


def test_remarks_that_file_a_task_are_no_part_of_it() -> None:
    assert texts(f"1. {A}\n   Type: creative\n   Difficulty: easy\n2. {B}\n*(Maths)*\n3. {C}") == [A, B, C]
    data = "Advertise this:\nType: Laptop\nPrice: 900"
    assert texts(f"1. {data}\n2. {B}") == [data, B]


@pytest.mark.parametrize(
    "piece", ["<task>", "<li>a</li>", "a) x\n", "1. x\n", "> 1. x\n", "| a |\n|-|\n", "(a: ", "x. -> "]
)
def test_long_repetitions_are_read_too(piece: str) -> None:
    """A slow rule here takes minutes, not a moment: the suite would not end."""
    _holds(f"1. {A}\n2. {B}\n" + piece * 5_000, "stop")
    _holds(piece * 5_000, "length")


def test_signs_of_a_chat_template_go() -> None:
    assert texts(f"<|im_start|>assistant\n1. {A}\n2. {B}<|im_end|>") == [A, B]
    assert texts(f"1. {A}\n2. What does <|x_y|> mean?") == [A, "What does <|x_y|> mean?"]


def test_a_list_on_one_line() -> None:
    assert texts(f"Here are the tasks: 1. {A} 2. {B} 3. {C}") == [A, B, C]


def test_forms_and_outputs() -> None:
    form = "Double the number.\nInput: 2\nOutput: 4\nInput: 5\nOutput:"
    assert texts(f"1. {form}\n2. {A}") == [form, A]
    glued = parse(f"1. Double the number.\nInput: 2\nOutput: 4\n2. {A}")[0]
    assert (glued.text, glued.notes["tail"]) == ("Double the number.\nInput: 2", "Output: 4")


def test_wrapped_lines_are_folded() -> None:
    reply = (
        f"1. Compare the way in which bees and wasps build, and say\n   which of them you would rather meet.\n2. {B}"
    )
    assert texts(reply)[0].endswith("and say which of them you would rather meet.")


def test_notes() -> None:
    reply = f"Here are the tasks:\n\n1. Name a red fruit.\n\nApple.\n\n2. {B}\n\nI hope these tasks help!"
    first, second = parse(reply)
    assert (first.text, first.notes["tail"]) == ("Name a red fruit.", "Apple.")
    assert second.text == B
    assert "tail" not in second.notes
    assert all(draft.notes["intro"] == "Here are the tasks:" for draft in (first, second))
    assert second.notes["outro"] == "I hope these tasks help!"
    assert only("1. What is 2 + 2?\nAnswer: 4").notes["tail"] == "Answer: 4"
    assert only("1. Name a red fruit.\n   (Tests common knowledge.)").text == "Name a red fruit."


def test_only_the_last_item_is_cut() -> None:
    assert [draft.notes.get("cut") for draft in parse(f"1. {A}\n2. {B}\n3. Name thr", "length")] == [None, None, True]
    assert [draft.notes.get("cut") for draft in parse(f"1. {A}\n2. {B}\n3.", "length")] == [None, None]
    assert only(f'["{A}').notes["cut"] is True


def test_examples_are_those_of_the_request() -> None:
    shown = (Instruction("seed_task_0", B), Instruction("g0.1", C))
    assert parse(f"1. {A}", examples=shown)[0].examples == (B, C)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("**Summarize** the text.", "Summarize the text."),
        ("**Summarize the text.**", "Summarize the text."),
        ("*summarize NASA's text*", "Summarize NASA's text"),
        ('"write a poem"', "Write a poem"),
        ('"Yes" or "no"?', '"Yes" or "no"?'),
        ("Task: **Instruction:** write", "Write"),
        ("__init__ is what?", "__init__ is what?"),
        ("Explain **why** it rains", "Explain **why** it rains"),
        ("what is a UFO?", "What is a UFO?"),
        ("ßa", "ßa"),
    ],
)
def test_tidy(text: str, clean: str) -> None:
    assert tidy(text) == clean


@given(st.text(), st.sampled_from(["stop", "length", "filtered", "unknown"]))
def test_any_text_gives_drafts(text: str, finish: Any) -> None:
    _holds(text, finish)


PIECES = [
    "1.", "2)", "**", "3. ", "\n", "\n\n", "- ", "[", '"', "{", "}", "```", "Task 4: ", "<think>", "</think>", "a ",
    "Write it. ", "# ", "    ", "\t", ":", "|", "Answer: x", "(ok so)", "«", "_", ",", "]", '"task": ', "\\",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(["stop", "length"]))
def test_any_markup_gives_drafts(text: str, finish: Any) -> None:
    _holds(text, finish)


def _holds(text: str, finish: Any) -> None:
    drafts = parse(text, finish)
    assert all(draft.text and draft.text == draft.text.strip() for draft in drafts)
    assert all(tidy(draft.text) == draft.text for draft in drafts)
    assert sum(bool(draft.notes.get("cut")) for draft in drafts) <= 1


@given(CLEAN)
def test_a_clean_list_is_read_as_written_and_again(tasks: list[str]) -> None:
    reply = "\n".join(f"{at}. {task}" for at, task in enumerate(tasks, start=1))
    assert texts(reply) == tasks
    assert texts("\n".join(f"- {task}" for task in texts(reply))) == tasks
