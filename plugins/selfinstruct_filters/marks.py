"""The rule against drafts that carry the marks of a list: a number or a date in front, and further tasks inside."""

from __future__ import annotations

import re

from selfinstruct.api import Draft, Filter, Verdict, drop, keep

_LABELS = r"(?:task|instruction|question|prompt|exercise|aufgabe|tarea|tâche|tarefa|compito|задание|任务|タスク)"
_MONTHS = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|jahrhundert|klasse)"
_DIGIT = re.compile(r"\d")
_NUMBER_FIRST = re.compile(
    r"\s*(?:(?:version|variant|option|idea|example|sample|answer|solution|output) #?\d{1,2}\s*[:.)]"
    rf"|{_LABELS}\s*#?\d{{1,3}}\s*[:.)–-]|(?:\d{{1,3}}\s*:\s*){{3,}}|#?\d{{1,3}}\s?(?:[.)]+"
    rf"|[-–]\s?\d{{1,3}}[.)])\)?\s+(?!{_MONTHS})(?=[^\W_]))",
    re.IGNORECASE,
)
_DATE_FIRST = re.compile(
    r"\s*(?:\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})(?:\s+\d{1,2}:\d{2})?\s*[:,–-]?\s+(?=[^\W\d_])"
)
_NEXT = re.compile(r"[.?!:\"”\n](?:(?<=\n)[^\S\n]*+|(?<!\n)\s+)(\d{1,2})[.)]\s+(?=[^\W\d_])")
_NEXT_LABEL = re.compile(rf"(?:[.?!:]\s+|\n[^\S\n]*+)[*_]*+{_LABELS}\s*#?\d{{1,3}}\s*[:.)]", re.IGNORECASE)
_NEXT_INSTRUCTIONS = re.compile(r":\s+[Ii]nstructions?:\s")


class MarksFilter(Filter[Draft]):
    """Drop a draft that starts with a list number, `Task 3:` or a date, or contains the next tasks of the list.

    A task may contain a list that starts at 1.
    """

    def evaluate(self, item: Draft) -> Verdict:
        """Look at the head, then for numbers that go on from another item's."""
        text = item.text
        if "nstruction" in text and (label := _NEXT_INSTRUCTIONS.search(text)):
            return drop("several-tasks", mark=label[0].strip())
        if _DIGIT.search(text) is None:  # each of the other marks has one
            return keep()
        for reason, pattern in (("number-in-front", _NUMBER_FIRST), ("date-in-front", _DATE_FIRST)):
            if found := pattern.match(text):
                return drop(reason, mark=found[0].strip())
        if label := _NEXT_LABEL.search(text):
            return drop("several-tasks", mark=label[0].strip())
        numbers = [int(found[1]) for found in _NEXT.finditer(text)] if "```" not in text else []
        if numbers and numbers[0] > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return drop("several-tasks", mark=f"{numbers[0]}.")
        return keep()


KEPT = Draft("Put these steps in order:\n1. Rinse.\n2. Soap.\n3. Dry.")
DROPPED = Draft("Name a river.\n5. Name a lake.\n6. Name a sea.")
REASONS = ("number-in-front", "date-in-front", "several-tasks")
