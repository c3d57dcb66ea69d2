"""Reads replies about one task as the reference does: its label, its raw instances, and the examples in them."""

from __future__ import annotations

from collections.abc import Sequence

from selfinstruct.api import Example, Label, PostProcessor, RawInstances, Reply, Request
from selfinstruct_paper.instances import read_clf_label, split_input_first, split_output_first


class PaperClassifyReader(PostProcessor):
    """Reads yes or no, and everything but a plain yes as no: the reference has no third answer."""

    def process(self, request: Request, reply: Reply) -> Sequence[Label]:
        """Give the label of the request's one subject; see `read_clf_label`."""
        text = "yes" if read_clf_label(reply.text) else "no"
        return [Label(text, subject.id, {"said": reply.text}) for subject in request.subjects[:1]]


class PaperInstancesReader(PostProcessor):
    """Takes a reply as it is, white space too, as the reference stores it."""

    def process(self, request: Request, reply: Reply) -> Sequence[RawInstances]:
        """Give the raw instances of the request's one subject, noted as `cut` if the tokens ran out."""
        notes = {"cut": True} if reply.finish == "length" else {}
        return [RawInstances(reply.text, subject.id, notes) for subject in request.subjects[:1]]


class PaperExamplesReader(PostProcessor):
    """Reads every instance that the reference would look at; the `paper-*` filters then judge them."""

    def process(self, request: Request, reply: Reply) -> Sequence[Example]:
        """Split the text in the form of the subject's kind; the last instance of a cut reply is noted as `cut`."""
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
