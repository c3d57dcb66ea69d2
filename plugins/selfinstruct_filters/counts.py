"""The rule against wrong counts of words, letters and items that task and input state plainly."""

from __future__ import annotations

import re

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.stated import items, said_number

LONGEST, MOST_WORDS = 300, 14
"""Characters of a text in which things are counted, and words of a task that is plain."""

_COUNTS = re.compile(
    r"\A(?:please )?(?:how many|count(?: how many)?|what is the number of|find the number of|give the number of)\b",
    re.IGNORECASE,
)
_THING = re.compile(r"\b(words|letters|vowels|consonants|characters|items|elements|entries)\b", re.IGNORECASE)
_LETTER = re.compile(r"\bletters? [\"'“‘]?([a-z])[\"'”’]?\b(?! and)", re.IGNORECASE)
_HOW_OFTEN = re.compile(r"\bhow (?:often|many times)\b|\bcount\b|\boccurrences?\b", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:different|distinct|unique|each|every|longer|shorter|more|less|than|start|begin|end|except|without"
    r"|syllables|with"
    r"|capital|upper|lower|positive|negative|two|both|list(?! \?)\b.*\bthat)\b",
    re.IGNORECASE,
)
"""Words of tasks that count by a condition."""


class CountsFilter(Filter[Example]):
    """Drop an example whose output is another number than that of the words, letters or items in its input.

    Where people count in more than one way, such as words with hyphens, each of them is right.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Count, and compare with the number that the output says."""
        task, given = item.instruction.strip(), item.input.strip()
        if not given or len(given) > LONGEST or "\n" in given or len(task.split()) > MOST_WORDS:
            return keep()
        right = _counted(task, given)
        if not right or (said := said_number(item.output.strip())) is None or float(said.replace(",", "")) in right:
            return keep()
        return drop("wrong-count", said=said, right=sorted(right))


def _counted(task: str, given: str) -> set[int]:
    """Every number that may be right; none if the task is not plain."""
    if (letter := _LETTER.search(task)) and (_HOW_OFTEN.search(task) or _COUNTS.match(task)):
        return {given.lower().count(letter[1].lower())}
    thing = _THING.search(task)
    if not _COUNTS.match(task) or thing is None or _MORE.search(task):
        return set()
    bare = given.strip("\"'“”.")
    match thing[1].lower():
        case "words":
            return {
                len(bare.split()),
                len(re.findall(r"[^\W_]+(?:['’][^\W_]+)*", bare)),
                len(re.findall(r"[^\W_]+", bare)),
            }
        case "letters":
            return {sum(map(str.isalpha, bare))}
        case "characters":
            return {len(given), len(bare), len("".join(given.split())), sum(map(str.isalnum, given))}
        case "vowels":
            return {sum(char in "aeiou" for char in bare.lower()), sum(char in "aeiouy" for char in bare.lower())}
        case "consonants":
            letters = [char for char in bare.lower() if char.isalpha()]
            return {sum(char not in "aeiou" for char in letters), sum(char not in "aeiouy" for char in letters)}
        case _:
            found = items(given)
            return {len(found)} if found else set()


KEPT = Example("Count the vowels in the word.", "banana", "There are 3 vowels.", False, "g0.0")
DROPPED = Example("How many words are in the sentence?", "I like tea.", "4", False, "g0.0")
