"""The contract of post-processors: any text in, items out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st

from selfinstruct.api import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    PREPARE,
    Draft,
    Example,
    Finish,
    Label,
    PostProcessor,
    RawInstances,
    Reply,
    Request,
)
from selfinstruct.testing.builders import make_instruction, make_reply, make_request, make_seeds, members_of
from selfinstruct.testing.contract import ComponentContract, is_json, served_stages, without_shared_randomness
from selfinstruct.testing.texts import NASTY, any_text, for_any

ITEMS: Mapping[str, type[Any]] = {GENERATE: Draft, CLASSIFY: Label, INSTANCES: RawInstances, PREPARE: Example}
"""What is read out of the replies of each stage."""

FINISHES: tuple[Finish, ...] = ("stop", "length", "filtered", "unknown")


class PostProcessorContract(ComponentContract):
    """A post-processor is pure and total: it takes any text and returns the items in it, in order, and never raises.

    batch   how many subjects a request of the stage `classify` may have
    """

    hook = "selfinstruct_post_processors"
    base = PostProcessor
    batch: ClassVar[int] = 1

    def requests(self) -> list[Request]:
        """Requests of all stages that it serves."""
        found = []
        for stage in served_stages(self.stages(), tuple(ITEMS)):
            if stage == GENERATE:
                found += [make_request(stage), make_request(stage, 3, "", examples=members_of(make_seeds(8)))]
                continue
            for clf in (None, True, False):
                text = f"Name a river ({clf})."
                found.append(make_request(stage, subjects=[make_instruction(text, "g4.1", clf)]))
            if stage == CLASSIFY and self.batch > 1:
                batch = [make_instruction(f"Name river {place}.", f"g{place}.0") for place in range(self.batch)]
                found.append(make_request(stage, subjects=batch))
        return found

    def read(self, request: Request, reply: Reply) -> Sequence[Any]:
        """What it reads, if it is what the stage wants."""
        items = self.build().process(request, reply)
        kind = ITEMS[request.stage]
        assert isinstance(items, Sequence), f"{type(items).__name__} in place of a sequence"
        assert not isinstance(items, str), "a text in place of a sequence"
        subjects = {subject.id for subject in request.subjects}
        for item in items:
            assert isinstance(item, kind), f"{type(item).__name__} in place of {kind.__name__}, in {request.stage}"
            assert isinstance(item.text, str), f"an item whose text is {type(item.text).__name__}"
            assert is_json(dict(item.notes)), f"notes that are no JSON: {item.notes!r}"
            assert is_json(dict(item.payload)), f"parts that are no JSON: {item.payload!r}"
            if subjects:
                assert item.subject in subjects, f"an item about {item.subject!r}, which was not asked about"
        return items

    def test_it_takes_nasty_texts(self) -> None:
        """Empty, endless, broken JSON, open fences, half surrogate pairs: whatever models write."""
        for request in self.requests():
            for name, text in NASTY.items():
                try:
                    self.read(request, make_reply(text))
                except Exception as error:
                    error.add_note(f"on the text called '{name}', in the stage {request.stage}")
                    raise

    def test_it_takes_any_text(self) -> None:
        """However the reply ended."""

        def check(given: tuple[str, Finish]) -> None:
            for request in self.requests():
                self.read(request, make_reply(*given))

        for_any(st.tuples(any_text(), st.sampled_from(FINISHES)), check)

    def test_it_is_pure(self) -> None:
        """The same reply, the same items, whatever was read before."""
        reader = self.build()
        texts = [text for text in NASTY.values() if len(text) < 10_000]
        for request in self.requests():

            def read(text: str, request: Request = request) -> list[Any]:
                return list(reader.process(request, make_reply(text)))

            first = [without_shared_randomness(read, text) for text in texts]
            assert [read(text) for text in reversed(texts)][::-1] == first, "items depend on what was read before"

    def test_items_stand_in_the_order_of_the_reply(self) -> None:
        """As far as their texts can be found in it, once each."""
        for request in self.requests():
            for name, text in NASTY.items():
                if len(text) < 10_000:
                    items = [item.text for item in self.read(request, make_reply(text)) if text.count(item.text) == 1]
                    places = [text.index(found) for found in items]
                    assert places == sorted(places), f"items in another order, on the text called '{name}'"

    def test_it_never_takes_more_than_the_reply_holds(self) -> None:
        """An empty reply holds no draft and no example."""
        for request in self.requests():
            for finish in FINISHES:
                items = self.read(request, make_reply("", finish))
                if request.stage in (GENERATE, PREPARE):
                    texts = [item.text for item in items]
                    assert not [text for text in texts if text.strip()], f"{texts} out of nothing"
