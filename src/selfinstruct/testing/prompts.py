"""The contracts of samplers, prompt encoders and training encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, ClassVar, get_args, get_type_hints

from hypothesis import strategies as st

from selfinstruct.api import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    DataError,
    Example,
    Instruction,
    Message,
    PromptEncoder,
    Sampler,
    Sampling,
    TrainingEncoder,
)
from selfinstruct.testing.builders import (
    MOST_SEEDS,
    make_example,
    make_instruction,
    make_machine,
    make_pool_view,
    make_seeds,
    members_of,
)
from selfinstruct.testing.contract import ComponentContract, is_json, served_stages, without_shared_randomness
from selfinstruct.testing.texts import STORED, any_text, for_any

ASKS = (GENERATE, CLASSIFY, INSTANCES)
"""The stages that ask a model."""

ROLES = get_args(get_type_hints(Message)["role"])


class SamplerContract(ComponentContract):
    """A sampler is pure: the same view, the same sample, drawn from the view's members with its generator alone."""

    hook = "selfinstruct_samplers"
    base = Sampler

    def views(self) -> list[dict[str, Any]]:
        """Arguments of `make_pool_view`: views whose seeds the sampler's own `check` finds enough."""
        sizes = [(40, 0), (40, 3), (40, 200), (MOST_SEEDS, 1), (12, 4), (3, 2), (1, 0)]
        suffice = [(seeds, machine) for seeds, machine in sizes if self._suffice(seeds)]
        assert suffice, f"its check refuses even {MOST_SEEDS} seed tasks"
        return [
            {"seeds": seeds, "machine": machine if stage == GENERATE else 0, "stage": stage, "index": index}
            for seeds, machine in suffice
            for stage in served_stages(self.stages(), ASKS)
            for index in (0, 7)
        ]

    def _suffice(self, count: int) -> bool:
        try:
            self.build().check(make_seeds(count))
        except DataError:
            return False
        return True

    @staticmethod
    def sampled(sampler: Sampler, view: Mapping[str, Any]) -> list[Instruction]:
        """The sample of a new view with the same generator."""
        return list(sampler.sample(make_pool_view(**view)))

    def test_the_same_view_gives_the_same_sample(self) -> None:
        """From two objects, and whatever Python's shared generator does."""
        one, other = self.build(), self.build()
        for view in self.views():
            first = without_shared_randomness(self.sampled, one, view)
            assert self.sampled(other, view) == first, f"two samplers differ on {view}"

    def test_it_remembers_nothing(self) -> None:
        """A resumed run samples as the unbroken one would have, and has not seen the requests before."""
        sampler = self.build()
        first = [self.sampled(sampler, view) for view in self.views()]
        again = [self.sampled(sampler, view) for view in reversed(self.views())]
        assert again[::-1] == first, "a sample depends on what was sampled before"

    def test_a_sample_is_of_the_view_and_has_nobody_twice(self) -> None:
        """Only members that were there when the request was planned."""
        for given in self.views():
            view = make_pool_view(**given)
            sample = list(self.build().sample(view))
            members = {member.id: member for member in (*view.seeds, *view.machine)}
            for member in sample:
                assert isinstance(member, Instruction), f"{type(member).__name__} in place of an Instruction"
                assert members.get(member.id) == member, f"{member.id} is no member of the view {given}"
            ids = [member.id for member in sample]
            assert len(set(ids)) == len(ids), f"somebody stands twice in the sample of {given}"

    def test_seeds_that_do_not_suffice_are_refused_before_anything_is_paid(self) -> None:
        """`check` raises `DataError` for them; where it is content, `sample` works."""
        for count in range(41):
            if self._suffice(count):
                for stage in served_stages(self.stages(), ASKS):
                    self.build().sample(make_pool_view(count, 0, stage))

    def test_any_view_that_it_accepts_can_be_sampled(self) -> None:
        """For any size of the pool, and any state of the generator."""
        sampler, enough = self.build(), next(count for count in range(MOST_SEEDS + 1) if self._suffice(count))

        def check(given: tuple[int, int, int]) -> None:
            seeds, machine, seed = given
            for stage in served_stages(self.stages(), ASKS):
                view = make_pool_view(seeds, machine if stage == GENERATE else 0, stage, index=0, seed=seed)
                again = replace(view, rng=Random())  # noqa: S311 - not secret
                again.rng.setstate(view.rng.getstate())
                assert list(sampler.sample(view)) == list(sampler.sample(again))

        for_any(st.tuples(st.integers(enough, MOST_SEEDS), st.integers(0, 60), st.integers()), check)


class PromptEncoderContract(ComponentContract):
    """A prompt encoder is pure, and writes a prompt for whatever texts the pool holds.

    batch   how many subjects it can be asked about at once
    """

    hook = "selfinstruct_encoders"
    base = PromptEncoder
    batch: ClassVar[int] = 1

    def cases(self, text: str = "Name a river.") -> list[tuple[Sequence[Instruction], Sequence[Instruction]]]:
        """Examples and subjects, for every stage that it serves; `text` stands among them."""
        seeds, machine = members_of(make_seeds(8)), make_machine(2)
        found: list[tuple[Sequence[Instruction], Sequence[Instruction]]] = []
        for stage in served_stages(self.stages(), ASKS):
            if stage == GENERATE:
                found += [(tuple(seeds), ()), ((*machine, make_instruction(text, "g9.0"), *seeds[:5]), ())]
            else:
                for clf in (None, True, False):
                    subjects = tuple(make_instruction(text, f"g{place}.0", clf) for place in range(self.batch))
                    found += [((), subjects[:1]), (tuple(seeds), subjects)]
        return found

    def test_it_writes_messages(self) -> None:
        """At least one, each with a known role and a text that says something."""
        encoder = self.build()
        for examples, subjects in self.cases():
            messages = list(encoder.encode(examples, subjects))
            assert messages, "no message"
            check_messages(messages)
            assert any(message.text.strip() for message in messages), "all messages are blank"

    def test_it_is_pure(self) -> None:
        """The same examples and subjects, the same messages, whatever was encoded before and by whom."""
        encoder = self.build()
        first = [list(without_shared_randomness(encoder.encode, *case)) for case in self.cases()]
        again = [list(self.build().encode(*case)) for case in reversed(self.cases())]
        assert again[::-1] == first, "another object of it, or another order, gives other messages"

    def test_it_takes_any_text(self) -> None:
        """Instructions are written by models: nothing in them is a template, and nothing makes the encoder raise."""
        encoder = self.build()

        def check(text: str) -> None:
            for examples, subjects in self.cases(text):
                check_messages(list(encoder.encode(examples, subjects)))

        for text in STORED.values():
            check(text)
        for_any(any_text(), check)

    def test_its_sampling_is_one(self) -> None:
        """`sampling` says how the model is to draw; what it leaves open is the provider's."""
        assert isinstance(self.build().sampling, Sampling)


class TrainingEncoderContract(ComponentContract):
    """A training encoder is pure; its rows are JSON and all have the same keys."""

    hook = "selfinstruct_encoders"
    base = TrainingEncoder

    def examples(self) -> list[Example]:
        """Training examples of all kinds."""
        return [
            make_example(),
            make_example(input=""),
            make_example("Is it spring?", "Snow falls.", "No", clf=True),
            make_example("Schreibe ein Gedicht.", "", "Zeile eins\n\nZeile zwei \U0001f338"),
            *(make_example(text, text, text) for text in STORED.values()),
        ]

    def test_its_rows_are_json(self) -> None:
        """Keys are texts, and values can be written."""
        encoder = self.build()
        for example in self.examples():
            row = encoder.encode(example)
            assert row, "an empty row"
            assert all(isinstance(key, str) for key in row), f"keys that are no texts: {list(row)}"
            assert is_json(dict(row)), f"a row that is no JSON, for {example.output[:80]!r}"

    def test_its_rows_have_the_same_keys(self) -> None:
        """A table has one set of columns."""
        encoder = self.build()
        found = {tuple(encoder.encode(example)) for example in self.examples()}
        assert len(found) == 1, f"rows with different keys: {sorted(found)}"

    def test_it_is_pure(self) -> None:
        """The same example, the same row, whatever was encoded before and by whom."""
        encoder = self.build()
        first = [dict(without_shared_randomness(encoder.encode, example)) for example in self.examples()]
        again = [dict(self.build().encode(example)) for example in reversed(self.examples())]
        assert again[::-1] == first, "another object of it, or another order, gives other rows"

    def test_it_takes_any_text(self) -> None:
        """Examples are written by models."""
        encoder = self.build()
        keys = set(encoder.encode(make_example()))

        def check(texts: tuple[str, str, str]) -> None:
            row = encoder.encode(make_example(*texts))
            assert set(row) == keys, f"a row with other keys: {list(row)}"
            assert is_json(dict(row)), "a row that is no JSON"

        for_any(st.tuples(any_text(), any_text(), any_text()), check)


def check_messages(messages: Sequence[object]) -> None:
    """Each is a message with a known role, whose text can be stored and sent."""
    for message in messages:
        assert isinstance(message, Message), f"{type(message).__name__} in place of a Message"
        assert message.role in ROLES, f"there is no role {message.role!r}"
        assert isinstance(message.text, str), f"a message of {type(message.text).__name__}"
        message.text.encode("utf-8")
