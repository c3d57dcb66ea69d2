"""The rule against texts that end in the middle of a sentence or a word."""

from __future__ import annotations

import json
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
_LENGTH = re.compile(r", (?:in )?\d+ words\Z")
"""A length after a comma at the end: the sentence itself ends before it."""

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


LONGEST, FEWEST_SENTENCES = 20_000, 3
"""Characters of an output whose form is looked at, and whole sentences in the paragraph of one that has no end."""

CALENDAR = word_set(
    """monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
    october november december"""
)
ABBREVIATIONS = word_set("mon tue tues wed thu thur thurs fri sat sun jan feb mar apr jun jul aug sep sept oct nov dec")
PLURAL = word_set("s es")
ENDINGS = word_set(
    """s es ies d ed ing er ers or ors r rs est st ly y al ally n ion ions ation ations ive ity ment ments ness ful
    less able ible ish ist ists ic ical ian ians man men woman women room house day time way"""
)
"""What makes a longer word of a whole one."""

_LETTERS = re.compile(r"[^\W\d_]+")
_LAST_LETTERS = re.compile(r"[^\W\d_]+\Z")
_SHORTENS = re.compile(
    r"\b(?:abbreviat\w*|acronyms?|prefix(?:es)?|syllables?|stems?|roots?|(?:first|last|initial|few|\d) letters?"
    r"|shorten\w*|truncat\w*|trim|rhym\w*"
    r"|substrings?|characters?|nicknames?|anagrams?|complete|cipher|split)\b",
    re.IGNORECASE,
)
_HALF_A_PAIR = re.compile(r"(?:[A-Za-z]+: [^\s;:]+; )+[A-Za-z]+\Z")
"""`Smallest: 3; larg`"""

_SENTENCE_END = re.compile(r"(?<=[a-z)][.!?])\s+(?=[A-Z])")


class UnfinishedFilter(Filter[Draft | Example]):
    """Drop a draft that stops in the middle of a sentence, and an example whose output is cut off.

    An output is cut off inside a word, JSON, a row of a table, or the last of several sentences. Doubtful words are
    kept.
    """

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Look at the last words."""
        if isinstance(item, Example):
            return _evaluate_output(item)
        text = item.text.rstrip()
        if text.endswith((",", "，", "、")):
            return drop("half-a-sentence", end=text[-40:])
        words = words_of(text)
        if len(words) < FEWEST or not is_english(text):
            return keep()
        length = _LENGTH.search(text)
        said = words[: -len(words_of(length[0]))] if length else words
        if not _CLOSED.search(text) and len(said) >= FEWEST and _is_open(said):
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
    if len(output) <= LONGEST and (reason := _open_form(item, output)):
        return drop(reason, end=output[-40:])
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


def _open_form(item: Example, output: str) -> str:
    """The reason why an output of some form is not finished; empty if it is, or if its end does not tell."""
    lines = output.splitlines()
    if len(lines) > 2 and lines[-1].startswith("|") and all(line.endswith("|") for line in lines[-3:-1]):
        return "" if lines[-1].endswith("|") and len(lines[-1]) > 1 else "half-a-row"
    if output[:1] in "[{" and _is_open_json(output):
        return "open-bracket"
    if _HALF_A_PAIR.match(output):
        return "half-a-row"
    if _is_part_of_a_word(item, output):
        return "half-a-word"
    *ends, last = _SENTENCE_END.split(lines[-1]) if lines else [""]
    is_cut = (
        len(ends) >= FEWEST_SENTENCES and len(last.split()) > 1 and last[-1].isalpha() and is_english(output[-400:])
    )
    return "half-a-sentence" if is_cut and last[:1].isupper() else ""


def _is_open_json(output: str) -> bool:
    """Whether JSON ends inside a string or a bracket."""
    try:
        json.loads(output)
    except json.JSONDecodeError as error:
        is_json = re.match(r"[\[{]\s*(?:[\[{]\s*)*\"", output) is not None
        return is_json and (error.pos >= len(output) or error.msg.startswith("Unterminated string"))
    except (ValueError, RecursionError):
        return False
    return False


def _is_part_of_a_word(item: Example, output: str) -> bool:
    """Whether the last of several words is the beginning of a longer word of task or input, or of a day or month.

    A stem is no such beginning, nor is a short word or one that stands elsewhere: `towers` does not make `tower` a cut.
    """
    found = _LAST_LETTERS.search(output[-60:])
    if found is None or not re.search(r"[^\W_][\W_]", output) or _SHORTENS.search(item.instruction):
        return False
    word = found[0].casefold()
    text = f"{item.instruction} {item.input}".casefold()
    given = set(_LETTERS.findall(text))
    before = _LETTERS.findall(output[: -len(word)].casefold())
    if word in given or word in before or word in CALENDAR or len(word) < 2:
        return False
    is_list = len(before) > 1 and re.search(r"[,\n:]", output) and _forms_of(given).issuperset(before)
    if not is_list and word in SHORT_WORDS | VERBS | ABBREVIATIONS:
        return _is_copied_up_to(text, output)
    rests = [other[len(word) :] for other in given.union(before, CALENDAR) if other.startswith(word)]
    return bool(rests) and not any(rest in (PLURAL if is_list else ENDINGS) for rest in rests)


def _forms_of(given: set[str]) -> frozenset[str]:
    """Words that are given, with their plurals, and the names of days and months: what a list is made of."""
    return CALENDAR.union(given, (f"{word}{ending}" for word in given for ending in PLURAL))


def _is_copied_up_to(text: str, output: str) -> bool:
    """Whether the last three words of an output stand in the given text, where the last of them goes on."""
    last = re.search(r"[^\W_]+ [^\W_]+ [^\W_]+\Z", output.casefold())
    rests = re.findall(rf"(?<!\w){re.escape(last[0])}(\w*)", text) if last else []
    return bool(rests) and not any(rest == "" or rest in ENDINGS for rest in rests)


KEPT = Draft("Name three things that a lighthouse keeper listens to")
DROPPED = Draft("Write a story about a lighthouse keeper who hears the")
REASONS = ("half-a-sentence", "open-quote", "half-a-word", "half-a-row", "open-bracket")
