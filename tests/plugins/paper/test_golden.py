"""The functions of the paper give the recorded results of the reference."""

from collections import Counter
from random import Random
from typing import Any

import pytest

import selfinstruct_paper as paper
from selfinstruct.api import SelfInstructError
from selfinstruct_paper.templates import WITH_INPUT, WITHOUT_INPUT

from .golden import golden, raises, unordered

Case = dict[str, Any]


@golden("encode_prompt")
def test_encode_prompt_gives_the_recorded_results(case: Case) -> None:
    assert paper.encode_prompt(**case["input"]) == case["output"]


@golden("sample_machine_instructions")
def test_sample_machine_instructions_gives_the_recorded_results(case: Case) -> None:
    given = case["input"]
    drawn = paper.sample_machine_instructions(
        given["machine_instructions"], None, given["n"], rng=Random(given["seed"])
    )
    assert drawn == case["output"]


@golden("sample_prompt")
def test_sample_prompt_instructions_gives_the_recorded_results(case: Case) -> None:
    given = dict(case["input"])
    drawn = paper.sample_prompt_instructions(rng=Random(given.pop("seed")), **given)
    assert drawn == case["output"]["prompt_instructions"]
    assert paper.encode_prompt(drawn) == case["output"]["prompt"]


@golden("find_word")
def test_find_word_in_string_gives_the_recorded_results(case: Case) -> None:
    assert paper.find_word_in_string(**case["input"]) is case["output"]


@golden("post_process")
def test_post_process_gpt3_response_gives_the_recorded_results(case: Case) -> None:
    if raises(case):
        with pytest.raises(SelfInstructError):
            paper.post_process_gpt3_response(**case["input"])
    else:
        assert paper.post_process_gpt3_response(**case["input"]) == case["output"]


@golden("post_process")
def test_one_function_serves_the_records_of_both_scripts(case: Case) -> None:
    if not raises(case):
        assert paper.post_process_llama3_response(**case["input"]) == case["output"]


@golden("fork_post_process")
def test_post_process_llama3_response_gives_the_recorded_results(case: Case) -> None:
    assert paper.post_process_llama3_response(**case["input"]) == case["output"]


@golden("clf_label")
def test_read_clf_label_gives_the_recorded_results(case: Case) -> None:
    assert paper.read_clf_label(**case["input"]) is case["output"]


@golden("parse_input_output")
def test_parse_input_output_gives_the_recorded_results(case: Case) -> None:
    assert list(paper.parse_input_output(**case["input"])) == case["output"]


@golden("parse_generation")
def test_parse_instances_for_generation_task_gives_the_recorded_results(case: Case) -> None:
    if raises(case):
        with pytest.raises(SelfInstructError, match="finish_reason"):
            paper.parse_instances_for_generation_task(**case["input"])
    else:
        assert unordered(paper.parse_instances_for_generation_task(**case["input"])) == unordered(case["output"])


@golden("parse_classification")
def test_parse_instances_for_classification_task_gives_the_recorded_results(case: Case) -> None:
    assert unordered(paper.parse_instances_for_classification_task(**case["input"])) == unordered(case["output"])


@golden("filter_duplicate")
def test_filter_duplicate_instances_gives_the_recorded_results(case: Case) -> None:
    instances = [tuple(row) for row in case["input"]["instances"]]
    assert unordered(paper.filter_duplicate_instances(instances)) == unordered(case["output"])


@golden("filter_invalid")
def test_filter_invalid_instances_gives_the_recorded_results(case: Case) -> None:
    instances = [tuple(row) for row in case["input"]["instances"]]
    assert [list(row) for row in paper.filter_invalid_instances(instances)] == case["output"]


@golden("encode_instance")
def test_encode_instance_gives_the_recorded_results(case: Case) -> None:
    given = dict(case["input"])
    rng = Random(given.pop("seed")) if "seed" in given else None
    assert paper.encode_instance(**given, rng=rng) == case["output"]


@golden("encode_templates")
def test_every_template_is_drawn_by_the_recorded_seeds(case: Case) -> None:
    parts = {name: case["input"][name] for name in ("instruction", "input", "output")}
    assert len(case["output"]) == len(WITH_INPUT if parts["input"] else WITHOUT_INPUT)
    for template in case["output"]:
        for seed in template["some_seeds"]:
            row = paper.encode_instance(**parts, rng=Random(seed))
            assert (row["prompt"], row["completion"]) == (template["prompt"], template["completion"])


@golden("input_cleanup")
def test_clean_input_gives_the_recorded_results(case: Case) -> None:
    assert paper.clean_input(**case["input"]) == case["output"]


@golden("e2e_prepare")
def test_training_data_equal_the_recorded_ones(case: Case) -> None:
    """Compares only results that do not depend on the order of a set in the reference."""
    rng = Random(case["random_seed"])
    labels = {
        row["instruction"]: paper.read_clf_label(row["is_classification"]) for row in case["input"]["classification"]
    }
    instances = paper.collect_instances(case["input"]["tasks"], labels, rng=rng)
    files = case["output"]["files"]
    expected = [(row["instruction"], row["input"], row["output"]) for row in files["o/all_generated_instances.jsonl"]]
    assert [row[0] for row in instances] == [row[0] for row in expected]
    sampled = "Square it."  # seven instances: the order of a set decides which five are drawn
    assert Counter(row for row in instances if row[0] != sampled) == Counter(r for r in expected if r[0] != sampled)
    if case["output"]["exit"] == 0:
        ours = paper.encode_training_rows(instances, rng=rng)
        theirs = files["o/gpt3_finetuning_data_15.jsonl"]
        alone = ("Say hi.", "Meet when?", "Name.", "City?", "Two lines.")  # tasks with one instance each
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            if any(name in other["prompt"] for name in alone):
                assert mine == other


@golden("e2e_bootstrap")
def test_runs_send_the_recorded_prompts(case: Case) -> None:
    """The first batch of a new run depends only on the seed, so its prompts must equal the recorded ones."""
    if case["input"]["existing_machine_generated_instructions"] or not case["output"]["calls"]:
        return
    clf = "--use_clf_seed_tasks_only" in case["input"]["args"]
    seeds = [task["instruction"] for task in case["input"]["seed_tasks"] if task["is_classification"] or not clf]
    args = case["input"]["args"]
    total = int(args[args.index("--num_prompt_instructions") + 1])
    rng = Random(case["random_seed"])
    for prompt in case["output"]["calls"][0]["prompts"]:
        assert paper.encode_prompt(paper.sample_prompt_instructions(seeds, [], total, rng=rng), clf) == prompt
