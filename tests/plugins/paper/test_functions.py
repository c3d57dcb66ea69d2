"""Our own test cases for the functions of the paper."""

import random
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import selfinstruct_paper as paper
from selfinstruct.api import DataError, UsageError
from selfinstruct_paper.templates import WITH_INPUT, WITHOUT_INPUT

STOP = {"response": {"choices": [{"finish_reason": "stop"}]}}
LENGTH = {"response": {"choices": [{"finish_reason": "length"}]}}
MARKED = st.lists(st.sampled_from(["Output", "Input", "Example", "Class label:", ":", " ", "\n", "7", "x", ".", "Õ"]))


def reply(text: str, **choice: str) -> dict[str, list[dict[str, str]]]:
    return {"choices": [{"text": text, **choice}]}


# --- prompt and sampling ----------------------------------------------------------------------------------------------


def test_the_prompt_ends_with_the_next_number() -> None:
    assert paper.encode_prompt(["Bake a\nloaf::", "Fold it"]).endswith(":\n1. Bake a loaf\n2. Fold it\n3.")


def test_only_trailing_colons_are_removed() -> None:
    assert "1. Translate: hello\n" in paper.encode_prompt(["Translate: hello"], classification=True)
    assert "1. Translate \n" in paper.encode_prompt(["Translate :"])


@given(st.lists(st.text()))
def test_every_instruction_takes_one_line_of_the_prompt(instructions: list[str]) -> None:
    assert paper.encode_prompt(instructions).count("\n") == len(instructions) + 1


@given(st.lists(st.integers(), unique=True, min_size=8), st.lists(st.text(), unique=True), st.integers())
def test_a_sample_is_complete_and_has_at_most_two_machine_instructions(
    seeds: list[int], made: list[str], seed: int
) -> None:
    drawn = paper.sample_prompt_instructions(seeds, made, rng=Random(seed))
    assert len(drawn) == len(set(drawn)) == 8
    assert sum(isinstance(entry, str) for entry in drawn) == min(2, len(made))


def test_the_shared_generator_is_used_by_default() -> None:
    state = random.getstate()
    try:
        random.seed(5)
        drawn = paper.sample_machine_instructions(list("abcdef"), None, 3)
    finally:
        random.setstate(state)
    assert drawn == paper.sample_machine_instructions(list("abcdef"), None, 3, rng=Random(5))


def test_impossible_samples_are_refused() -> None:
    with pytest.raises(UsageError, match="needs 8 seed tasks, and there are only 1"):
        paper.sample_prompt_instructions(["a"], [], rng=Random(0))
    with pytest.raises(UsageError, match="has no room for 2"):
        paper.sample_prompt_instructions(["a"], ["b", "c"], 1, rng=Random(0))
    with pytest.raises(UsageError, match="negative"):
        paper.sample_machine_instructions(["a"], None, -1)


# --- replies ----------------------------------------------------------------------------------------------------------


def test_words_are_found_as_whole_words_in_any_case() -> None:
    assert paper.find_word_in_string("graphs?", "Two GRAPHS below")
    assert not paper.find_word_in_string("graph", "A paragraph")
    with pytest.raises(UsageError, match="not a valid regular expression"):
        paper.find_word_in_string("(", "a (b")


def test_a_reply_cut_by_length_gives_no_tasks() -> None:
    text = "Name four kinds of cheese.\n10. Praise the moon in verse."
    assert paper.post_process_gpt3_response(reply(text, finish_reason="length")) == []
    assert paper.post_process_llama3_response(reply(text, finish_reason="length")) == []
    assert len(paper.post_process_llama3_response(reply(text))) == 2


def test_words_are_counted_at_white_space() -> None:
    texts = {count: " ".join(["word"] * count) for count in (3, 4, 150, 151)}
    kept = {count for count, text in texts.items() if paper.post_process_llama3_response(reply(text))}
    assert kept == {4, 150}


def test_a_list_number_may_have_a_line_break_before_its_dot() -> None:
    text = "Name four kinds of cheese.\n10\n. Praise the moon in verse."
    assert paper.post_process_llama3_response(reply(text)) == [
        "Name four kinds of cheese.",
        "Praise the moon in verse.",
    ]


def test_rules_see_the_text_after_its_case_was_changed() -> None:
    assert paper.post_process_llama3_response(reply("ﬁrst of all, sing a song.")) == ["First of all, sing a song."]
    assert paper.post_process_llama3_response(reply("ﬁle a complaint about noise.")) == []
    assert paper.post_process_llama3_response(reply("WRITE A PROGRAM THAT SINGS.")) == []


@pytest.mark.parametrize("broken", [{}, {"choices": []}, {"choices": [None]}, {"choices": [{"text": None}]}])
def test_a_broken_record_is_a_data_error(broken: dict[str, object]) -> None:
    with pytest.raises(DataError):
        paper.post_process_llama3_response(broken)
    with pytest.raises(DataError):
        paper.post_process_gpt3_response(broken)


def test_only_records_of_the_original_script_need_a_finish_reason() -> None:
    with pytest.raises(DataError, match="finish_reason"):
        paper.post_process_gpt3_response(reply("Name four kinds of cheese."))


# --- instances --------------------------------------------------------------------------------------------------------


def test_only_a_plain_yes_is_read_as_yes() -> None:
    assert [paper.read_clf_label(text) for text in ("\tYES ", "yEs", "Yes,")] == [True, False, False]


def test_a_second_input_and_output_pair_is_left_out() -> None:
    assert paper.parse_input_output("Input 3 : a\nOutput: b\nInput 4: c") == ("a", "b")
    assert paper.parse_input_output("Poem\nInput: c") == ("", "Poem")


def test_the_last_instance_of_a_cut_reply_is_left_out() -> None:
    raw = "Example 1\nInput: 2\nOutput: 4\nExample 2\nInput: 3\nOutput: 9"
    assert paper.parse_instances_for_generation_task(raw, " Square ", STOP) == [
        ("Square", "2", "4"),
        ("Square", "3", "9"),
    ]
    assert paper.parse_instances_for_generation_task(raw, "Square", LENGTH) == [("Square", "2", "4")]
    raw = "Class label: up\nArrow: ^\nClass label: down\nArrow: v"
    assert paper.parse_instances_for_classification_task(raw, "Which?", LENGTH) == [("Which?", "Arrow: ^", "up")]


@pytest.mark.parametrize("metadata", [{}, {"response": None}, {"response": {"choices": [{}]}}])
def test_instances_of_a_reply_with_unknown_end_are_refused(metadata: dict[str, object]) -> None:
    with pytest.raises(DataError):
        paper.parse_instances_for_generation_task("Output: a", "Say a.", metadata)
    with pytest.raises(DataError):
        paper.parse_instances_for_classification_task("Class label: a", "Say a.", metadata)
    assert paper.parse_instances_for_generation_task("nothing here", "Say a.", metadata) == []


def test_a_conflict_counts_across_instructions_and_an_invalid_one_does_not() -> None:
    assert paper.filter_duplicate_instances([("i", "a", "b"), ("j", "a", "c")]) == []
    raw = "Example 1\nInput: a\nOutput:\nExample 2\nInput: a\nOutput: b"
    assert paper.parse_instances_for_generation_task(raw, "Do.", STOP) == [("Do.", "a", "b")]


def test_duplicates_keep_the_place_of_the_first() -> None:
    rows = [("i", "b", "1"), ("i", "a", "2"), ("i", "b", "1"), ("i", "", "3"), ("i", "", "4")]
    assert paper.filter_duplicate_instances(rows) == [rows[0], rows[1], rows[3], rows[4]]


@given(st.one_of(st.text(), MARKED.map("".join)), st.text(), st.sampled_from([STOP, LENGTH]))
def test_every_text_can_be_parsed(raw: str, instruction: str, metadata: dict[str, object]) -> None:
    text, output = paper.parse_input_output(raw)
    assert (text.strip(), output.strip()) == (text, output)
    for parse in (paper.parse_instances_for_generation_task, paper.parse_instances_for_classification_task):
        for row in parse(raw, instruction, metadata):
            assert row[0] == instruction.strip()
            assert row[2] not in ("", row[1])
    paper.read_clf_label(raw)
    paper.clean_input(raw)


# --- training rows ----------------------------------------------------------------------------------------------------


def test_each_template_can_be_drawn_and_keeps_braces() -> None:
    for text, templates in (("{input}", WITH_INPUT), ("  ", WITHOUT_INPUT)):
        rows = [paper.encode_instance(" {x} ", text, "{0}", rng=Random(seed)) for seed in range(100)]
        assert len({(row["prompt"], row["completion"]) for row in rows}) == len(templates)
        assert all("{x}" in row["prompt"] and row["completion"].endswith("{0}<|endoftext|>") for row in rows)


def test_the_plain_template_accepts_an_empty_input() -> None:
    row = paper.encode_instance("Sing.", "", "La", random_template=False)
    assert (row["prompt"], row["completion"]) == ("Sing.\n\n\n\n", "La<|endoftext|>")


def test_cleaning_an_input_has_the_errors_of_the_reference() -> None:
    assert paper.clean_input("Lunch at 12:15") == "15"
    assert paper.clean_input("From: a\nTo: b\n\nc") == "From: a\nTo: b\nc"
    assert paper.clean_input(": then Word: x") == "then Word: x"


def test_at_most_five_instances_are_drawn_and_the_same_with_the_same_seed() -> None:
    raw = "".join(f"Example {i}\nInput: {i}\nOutput: {i * i}x\n" for i in range(9))
    task = {"instruction": "Square.", "raw_instances": raw, "instance_metadata": STOP}
    first, again = (paper.collect_instances([task], {"Square.": False}, rng=Random(1)) for _ in range(2))
    assert first == again
    assert len(set(first)) == 5
    rows = paper.encode_training_rows(first * 20, rng=Random(2))
    assert rows == paper.encode_training_rows(first * 20, rng=Random(2))
    assert len({(row["prompt"], row["completion"]) for row in rows}) == len(rows) < 100


def test_a_task_without_a_label_is_refused() -> None:
    task = {"instruction": "Square.", "raw_instances": "", "instance_metadata": STOP}
    with pytest.raises(DataError, match="no label"):
        paper.collect_instances([task], {}, rng=Random(0))
