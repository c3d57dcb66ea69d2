"""The rule against texts that end in the middle of a sentence or a word."""

from __future__ import annotations

import re

from selfinstruct.api import Draft, Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.wording import VERBS, is_english, word_set, words_of

FEWEST = 4
"""A shorter draft is a note rather than a sentence: `pros and cons of`."""

OPEN = word_set("the a an and or but of his their its my your our because whose are was were than although while if")
"""Words that no sentence ends with."""

AFTER = word_set("that and of in on when how which because while where whether if")
PREPOSITIONS = word_set("with for from to in by on at as into about between towards without under over")
SUBJECTS = word_set("you i we they he she it people one which who what where that whom")
"""With one of these a sentence may well end with a preposition: `the town you come from`."""

_CLOSED = re.compile(r"[.?!…:;。？！：।؟)\]}>\"'”’»*`|$%_=]\W*\Z")
_HEIGHT = re.compile(r"\d[\"']")

PROSE_WORDS = 20
"""An output of fewer words may be a label, a title or a list, and needs no end."""

SHORT_WORDS = word_set(
    """a ad add age ago aid aim air all am an and ant any ape apt arc are ark arm art as ash ask at ate ax axe
    bad bag ban bar bat bay be bed bee bet bid big bin bit bow box boy bra bud bug bun bus but buy by bye cab
    can cap car cat co cop cow cry cub cup cut dad dam day den dew did die dig dim dip do doc dog dot dry due
    dug duo dye ear eat ebb eel egg ego eh elf elk em emu end era eve ex eye fan far fat fax fed fee few fig
    fin fir fit fix flu fly foe fog for fox fro fun fur gag gap gas gel gem get gig gin go god got gum gun gut
    guy gym had ham has hat hay he hen her hey hi hid him hip his hit ho hog hop hot how hub hue hug hum hut
    ice icy if ill in ink inn ion is it its ivy jam jar jaw jay jet job jog joy jug key kid kin kit la lab lad
    lag lap law lay led leg let lid lie lip lit log lot low mad man map mat may me men met mid mix mom mop mud
    mug mum my nap net new nil no nod nor not now nun nut oak oar oat odd of off oh oil ok old on one opt or
    orb ore our out owe owl own ox pad pal pan par pat paw pay pea pen per pet pi pie pig pin pit pod pop pot
    pro pub pun pup put ran rap rat raw ray red rib rid rim rip rob rod rot row rub rug rum run rye sad sat
    saw say sea see set sew sex she shy sin sip sir sit six ski sky so sob son sow soy spa spy sub sue sum sun
    tab tag tan tap tar tax tea ten the tie tin tip to toe ton too top toy try tub tug two up us use van vet
    via vow wag wan war was wax way we web wed wet who why wig win wit woe won yen yes yet you zoo kg km cm mm
    ml mph etc pm am tv pc uk eu ai id"""
)
_LAST_WORD = re.compile(r"(?:^|\s)[\"'(“]?([a-z]+)(-?)\Z")
_BROKEN = re.compile(r"[a-z]*(?:[bcdfgjkmpqtvz][rlw]|[bdfgjkmpqtv][bdfgjkqv]|[bcdfgklmnpqrstvxz]{5})\Z|[a-z]+certi\Z")
"""Letters that no English word ends with, such as those of `umbr`."""


class UnfinishedFilter(Filter[Draft | Example]):
    """Drop a draft that stops in the middle of a sentence, and an example whose output stops in the middle of a word.

    Both rules are English. Without a dictionary most cut words look like rare ones, so doubtful words are kept.
    """

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Look at the last words."""
        if isinstance(item, Example):
            return _evaluate_output(item)
        text = item.text.rstrip()
        words = words_of(text)
        if len(words) < FEWEST or not is_english(text):
            return keep()
        if not _CLOSED.search(text) and _is_open(words):
            return drop("half-a-sentence", end=text[-40:])
        if text.isascii() and '"' in text and not text.endswith((".", "?", "!", ":", '"', "`", ")")):
            signs = _HEIGHT.sub("", text)
            if signs.count('"') % 2 and "\n" not in text and "`" not in text:
                return drop("open-quote", end=text[-40:])
        return keep()


def _is_open(words: tuple[str, ...]) -> bool:
    """Whether a sentence without an end stops before a word that must follow."""
    before, last = words[-2:]
    if last in OPEN:
        return True
    if last == "her":
        return before in AFTER
    if last in ("that", "which"):
        return len(words) > FEWEST and before not in PREPOSITIONS and before not in VERBS and before not in SUBJECTS
    is_command = words[0] in VERBS
    return is_command and last in PREPOSITIONS and len(words) > FEWEST and SUBJECTS.isdisjoint(words[1:-1])


def _evaluate_output(item: Example) -> Verdict:
    output = item.output.rstrip()
    found = _LAST_WORD.search(output[-60:])
    if found is None or len(output.split()) < PROSE_WORDS or not is_english(output[-400:]):
        return keep()
    word, hyphen = found.groups()
    if not hyphen and (word in VERBS or word in words_of(f"{item.instruction}\n{item.input}\n{output[: -len(word)]}")):
        return keep()
    is_prose = output.count(". ") + output.count(".\n") > 0
    if is_prose and (hyphen or (len(word) <= 3 and word not in SHORT_WORDS) or _BROKEN.match(word)):
        return drop("half-a-word", end=output[-40:])
    return keep()


KEPT = Draft("Name three things that a lighthouse keeper listens to")
DROPPED = Draft("Write a story about a lighthouse keeper who hears the")
REASONS = ("half-a-sentence", "open-quote", "half-a-word")
