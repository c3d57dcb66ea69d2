"""The plugin's components, found through its hooks and used through the API."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import selfinstruct_paper as paper
from selfinstruct.api import (
    GENERATE,
    DataError,
    Draft,
    Filter,
    Instruction,
    Message,
    PoolView,
    PostProcessor,
    Reply,
    Request,
    Verdict,
)

from .golden import golden
from .parts import built, found, seed_entry

FILTERS = ("paper-cut", "paper-length", "paper-keywords", "paper-program", "paper-first-char")
PIECES = st.sampled_from(
    ["\n", "\n10. ", "\n2\t. ", " ", "Write a program", "draw", "IMAGE", "go\nto", "word " * 75, "ﬁle", "ſ", "É", "-"]
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5))).map("".join))


def view(seeds: int, machine: int, seed: int = 0) -> PoolView:
    made = [Instruction(f"g0.{number}", f"Machine {number}.") for number in range(machine)]
    return PoolView(GENERATE, 0, [seed_entry(number, number % 2 == 0) for number in range(seeds)], made, Random(seed))


def fate(draft: Draft, filters: dict[str, Filter[Draft]]) -> tuple[str, Verdict | None]:
    for name, rule in filters.items():
        verdict = rule.evaluate(draft)
        if not verdict.keep:
            return name, verdict
    return "", None


POST: PostProcessor = built("post_processors", "paper-tasks")
CHAIN: dict[str, Filter[Draft]] = {name: built("filters", name) for name in FILTERS}
REQUEST = Request(GENERATE, 0, (Message("user", "p"),), examples=(seed_entry(1), seed_entry(2)))


def accepted(text: str, finish: Any) -> list[str]:
    return [draft.text for draft in POST.process(REQUEST, Reply(text, finish)) if fate(draft, CHAIN)[0] == ""]


# --- registering ------------------------------------------------------------------------------------------------------


def test_the_hooks_register_all_components() -> None:
    assert list(found("samplers")) == ["paper", "paper-demonstrations"]
    assert list(found("encoders")) == ["paper-tasks", "paper-classify", "paper-instances", "prompt-completion"]
    assert list(found("post_processors")) == ["paper-tasks", "paper-classify", "paper-instances", "paper-examples"]
    assert list(found("filters")) == [*FILTERS, "paper-invalid", "paper-duplicates", "paper-at-most"]


@pytest.mark.parametrize("kind", ["samplers", "encoders", "post_processors", "filters"])
def test_every_component_names_its_stages_and_describes_its_options(kind: str) -> None:
    for component in found(kind).values():
        assert component.stages
        assert component.summary
        assert all(field.description for field in component.options.model_fields.values())


# --- sampler and encoder ----------------------------------------------------------------------------------------------


def test_the_sampler_draws_two_machine_instructions_and_seeds_for_the_rest() -> None:
    sampler = built("samplers", "paper")
    drawn = sampler.sample(view(seeds=12, machine=3))
    assert len(drawn) == 8
    assert sum(entry.seed is None for entry in drawn) == 2
    assert sampler.sample(view(seeds=12, machine=3)) == drawn


def test_the_sampler_draws_the_same_as_the_function() -> None:
    pool = view(seeds=12, machine=3, seed=7)
    seeds, machine = ([entry.text for entry in entries] for entries in (pool.seeds, pool.machine))
    drawn = built("samplers", "paper", total=5, machine=1).sample(pool)
    assert [entry.text for entry in drawn] == paper.sample_prompt_instructions(seeds, machine, 5, 1, rng=Random(7))


def test_the_sampler_refuses_too_few_seeds_for_the_first_prompt() -> None:
    seeds = [entry.seed for entry in view(seeds=8, machine=0).seeds if entry.seed is not None]
    built("samplers", "paper").check(seeds)
    with pytest.raises(DataError, match="a prompt shows 8 seed tasks, and the run has only 7"):
        built("samplers", "paper").check(seeds[:7])


def test_more_machine_than_total_is_refused() -> None:
    with pytest.raises(ValidationError, match="must not be larger than total"):
        built("samplers", "paper", total=2, machine=3)


def test_the_encoder_writes_one_user_message_and_has_its_own_sampling() -> None:
    encoder = built("encoders", "paper-tasks", classification=True)
    (message,) = encoder.encode([seed_entry(4)], [])
    assert message == Message("user", paper.encode_prompt(["Seed instruction number 4."], classification=True))
    assert (encoder.sampling.temperature, encoder.sampling.top_p, encoder.sampling.max_tokens) == (0.7, 0.5, 1024)
    assert (encoder.sampling.frequency_penalty, encoder.sampling.presence_penalty) == (0, 2)
    assert encoder.sampling.stop == ("\n\n", "\n16", "16.", "16 .")


# --- post-processor and filters ---------------------------------------------------------------------------------------


def test_the_post_processor_returns_every_piece() -> None:
    drafts = POST.process(REQUEST, Reply("Hi.\n1.  \n2. draw  a MAP\n3. - é", "stop"))
    assert [draft.text for draft in drafts] == ["Hi.", "Draw a map", "- é"]
    assert drafts[0].examples == ("Seed instruction number 1.", "Seed instruction number 2.")
    assert not any(draft.notes for draft in drafts)


def test_a_cut_reply_marks_every_draft() -> None:
    drafts = POST.process(REQUEST, Reply("Name four kinds of cheese.\n2. Name four kin", "length"))
    assert [draft.notes for draft in drafts] == [{"cut": True}, {"cut": True}]
    assert {fate(draft, CHAIN)[0] for draft in drafts} == {"paper-cut"}


@pytest.mark.parametrize(
    ("text", "name", "reason", "evidence"),
    [
        ("Too short now", "paper-length", "too-short", {"words": 3, "least": 4}),
        ("word " * 151, "paper-length", "too-long", {"words": 151, "most": 150}),
        ("Please draw me a sheep.", "paper-keywords", "unsuitable-keyword", {"keyword": "draw"}),
        ("Write a program about pictures.", "paper-keywords", "unsuitable-keyword", {"keyword": "pictures"}),
        ("Write a program now.", "paper-program", "asks-for-a-program", {"start": "Write a program"}),
        ("* name a bird now", "paper-first-char", "starts-with-punctuation", {"character": "*"}),
        ("Ébauche un plan simple", "paper-first-char", "starts-outside-ascii", {"character": "É"}),
        ("3 birds of the sea", "", "", {}),
        ("Plan a road trip.", "", "", {}),
    ],
)
def test_the_first_rule_gives_the_reason(text: str, name: str, reason: str, evidence: dict[str, object]) -> None:
    dropper, verdict = fate(Draft(text), CHAIN)
    assert dropper == name
    assert (verdict.reason, verdict.evidence) == (reason, evidence) if verdict else name == ""


def test_each_filter_applies_only_its_own_rule() -> None:
    broken = Draft("- draw", notes={"cut": True})
    verdicts = {name: rule.evaluate(broken).keep for name, rule in CHAIN.items()}
    assert verdicts == {
        "paper-cut": False,
        "paper-length": False,
        "paper-keywords": False,
        "paper-program": True,
        "paper-first-char": False,
    }


@given(TEXTS, st.booleans())
def test_filters_accept_any_text(text: str, cut: bool) -> None:
    for rule in CHAIN.values():
        verdict = rule.evaluate(Draft(text, notes={"cut": cut}))
        assert verdict.keep is not bool(verdict.reason)


@given(TEXTS, st.sampled_from(["stop", "length", "filtered", "unknown"]))
def test_post_processor_and_filters_accept_the_same_tasks_as_the_function(text: str, finish: str) -> None:
    response = {"choices": [{"text": text, "finish_reason": finish}]}
    assert accepted(text, finish) == paper.post_process_gpt3_response(response)
    assert accepted(text, finish) == paper.post_process_llama3_response(response)


@golden("post_process")
def test_post_processor_and_filters_accept_the_recorded_tasks(case: dict[str, Any]) -> None:
    response = case["input"]["response"]
    if response is not None:
        (choice,) = response["choices"]
        assert accepted(choice["text"], choice["finish_reason"] or "unknown") == case["output"]


@golden("fork_post_process")
def test_post_processor_and_filters_accept_the_recorded_tasks_of_the_llama_version(case: dict[str, Any]) -> None:
    response = case["input"]["response"]
    if response is not None:
        assert accepted(response["choices"][0]["text"], "unknown") == case["output"]
