"""Parses replies about one task as the reference does: the label, the raw instances, and the examples in them."""

from __future__ import annotations

from collections.abc import Sequence

from selfinstruct.api import Example, Label, PostProcessor, RawInstances, Reply, Request
from selfinstruct_paper.instances import read_clf_label, split_input_first, split_output_first


class PaperClassifyReader(PostProcessor):
    """Reads a plain yes as yes and anything else as no, because the reference has no third answer."""

    def process(self, request: Request, reply: Reply) -> Sequence[Label]:
        """The label of the only subject of the request; see `read_clf_label`."""
        text = "yes" if read_clf_label(reply.text) else "no"
        return [Label(text, subject.id, {"said": reply.text}) for subject in request.subjects[:1]]


class PaperInstancesReader(PostProcessor):
    """Keeps a reply unchanged with its white space, as the reference stores it."""

    def process(self, request: Request, reply: Reply) -> Sequence[RawInstances]:
        """The raw instances of the only subject of the request, with the note `cut` if the reply was cut by length."""
        notes = {"cut": True} if reply.finish == "length" else {}
        return [RawInstances(reply.text, subject.id, notes) for subject in request.subjects[:1]]


class PaperExamplesReader(PostProcessor):
    """Reads every instance that the reference considers; the `paper-*` filters then evaluate them."""

    def process(self, request: Request, reply: Reply) -> Sequence[Example]:
        """The examples in a reply, in the form for its kind of task. The last one of a cut reply has the note `cut`."""
        if not request.subjects:
            return []
        subject = request.subjects[0]
        clf = bool(subject.is_classification)
        pairs = split_output_first(reply.text) if clf else split_input_first(reply.text)
        cut = len(pairs) - 1 if reply.finish == "length" else None
        return [
            Example(subject.text.strip(), text, output, clf, subject.id, {"cut": True} if place == cut else {})
            for place, (text, output) in enumerate(pairs)
        ]
