"""The rule against examples that teach nothing: empty, broken off, refused, or with a blank where a text should be."""

from __future__ import annotations

import re

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.wording import is_english

LONG = 20
"""Words from which on an output counts as prose, which ends with a full stop or at least not in mid-sentence."""

OPENING = 300
"""Characters of an output in which a refusal or a question back stands."""

_MARKER = re.compile(r"^[ \t*_#>`]*<<+[ \t]*/?(?:no ?)?(?:in|out)put\b", re.IGNORECASE | re.MULTILINE)
_BLANK = re.compile(
    r"[\s*_`\"']*[\[(<{]{1,2}\s*(?:"
    r"(?:please )?(?:insert|enter|paste|provide|your|placeholder)\b[^\])>}\n]*"
    r"|[^\])>}\n]{0,60}\b(?:goes here|here|placeholder|provided by the user)"
    r"|(?:the |user )?(?:input|output|answer|text|label|response)(?: text)?"
    r")\s*[\])>}]{1,2}[\s*_`\"'.]*"
    r"|\W*(?:tbd|todo|lorem ipsum\b.*|placeholder)\W*|\s*(?:\.\.\.|…)\s*",
    re.IGNORECASE | re.DOTALL,
)
"""`[insert text here]` as the whole text; a letter may well end with `[Your Name]`."""

_QUANTITY = re.compile(r"\s*[-−+]?\d[\d.,]*\s*(?:°\s?)?[^\W\d_]{0,12}\.?\s*")
_TURNS = re.compile(
    r"\b(?:convert|turn|change|transform|round|calculat|comput|evaluat|simplif|express|reduc|absolute|square|cube|power"
    r"|factor|normali|rewrit|translat|what|how|find|determin|give|writ)\w*",
    re.IGNORECASE,
)
"""Tasks that give back some numbers as they are: -40 °C are -40 °F, and 7 is 7 when it is rounded."""

_DANGLING = re.compile(r"(?:,|\(|\[|\b(?:the|a|an|and|or|of|to|with|for|from|by|which|because|is|are|was))\Z")
_CODE_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)

_CANNOT = r"(?:can't|cannot|can not|won't|will not|am unable to|'m unable to|am not able to|'m not able to)"
_REFUSAL = re.compile(
    r"[\s*_]*(?:"
    r"as an ai\b(?: language)?(?: model| assistant)?[^.\n]{0,80}\bi\b"
    r"|[^.\n\"“]{0,40}\bas an ai (?:language )?(?:model|assistant)\b"
    rf"|(?:i'm |i am )?(?:really |very |so )?sorry,? (?:but )?i {_CANNOT} (?:help|assist)\b"
    rf"|(?:[^.\n\"“]{{0,60}}\b)?i ?{_CANNOT} (?:actually |directly )?(?:"
    r"(?:help|assist)(?: you)? with (?:that|this)\b"
    r"|(?:fulfil+|comply with|complete|carry out) (?:this|that|your|the) (?:request|task|instruction)"
    r"|(?:generate|create|produce|provide) (?:that|this|such)\b"
    r"|(?:access|browse|view|see|watch|display) (?:the internet|the web|external|links|urls|websites|images|real-time)"
    r"))",
    re.IGNORECASE,
)
_WANTS_REFUSAL = re.compile(
    r"\b(?:refus|declin|reject|apolog|sorry|turn(?:s|ing)? down|say(?:s|ing)? no\b|as an ai)", re.IGNORECASE
)

_MATERIAL = (
    r"(?:text|passage|article|paragraph|sentences?|code|snippet|list|input|content|document|data|story|poem|review"
    r"|note|letter|e-?mail|message|numbers?|words?|details|information|report|speech|dialogue|transcript)\b"
)
_GIVE = (
    r"please (?:provide|share|paste|give|send|supply|enter|insert)(?: me)?(?: with)?"
    rf" (?:the|your|an?|some|more|any) (?:[\w-]+ ){{0,3}}?{_MATERIAL}"
)
_PURPOSE = (
    r"(?:so (?:that )?i can|for me to|and i(?:'ll| will| can|'d)|(?:that )?you(?:'d| would) like|you want"
    r"|to be \w+ed\b)"
)
_ASKS_BACK = re.compile(
    rf"{_GIVE}[^.!?\n]{{0,60}}\b{_PURPOSE}"
    r"|\bi(?:'d| would) be happy to (?:help|assist)\b[^\n]{0,80}please"
    r"|\byou (?:haven't|have not|didn't|did not|forgot to)"
    r" (?:provided?|shared?|includ(?:e|ed)|pasted?) (?:the|an?|any) (?:[\w-]+ )?" + _MATERIAL,
    re.IGNORECASE,
)
_INPUT_ASKS = re.compile(
    rf"\W*{_GIVE}(?:[^.!?\n]{{0,40}}\b(?:here|below|above|{_PURPOSE})[^.!?\n]{{0,60}})?\W*"
    r"|\W*(?:the|a) user (?:will |should |must |can )?(?:provides?|enters?|inputs?|gives?)\b.{0,80}"
    rf"|\W*(?:enter|insert|paste|type|provide) (?:your|the|an?|some) (?:[\w-]+ ){{0,3}}?{_MATERIAL}"
    r"(?: here| below)?\W*",
    re.IGNORECASE,
)


class InvalidExampleFilter(Filter[Example]):
    """Drop an example without a usable input or output. The rules about wording are English, and narrow on purpose."""

    def evaluate(self, item: Example) -> Verdict:
        """Look at the output's form, then at blanks on either side, then at the wording."""
        output = item.output.strip()
        if not output:
            return drop("empty-output")
        if output == item.input.strip() and not _may_stay(item):
            return drop("output-repeats-input")
        if output == item.instruction.strip():
            return drop("output-repeats-instruction")
        if _MARKER.search(output) or _MARKER.search(item.input):
            return drop("leftover-marker")
        if item.is_classification and item.notes.get("unmarked") and len(output.split()) > LONG:
            return drop("no-label", words=len(output.split()))
        if end := _open_end(output):
            return drop("broken-off", end=end)
        for name, text in (("input", item.input), ("output", output)):
            if _BLANK.fullmatch(text) and text.strip().casefold() not in item.instruction.casefold():
                return drop(f"placeholder-{name}", text=text[:80])
        return _evaluate_wording(item, output)


def _may_stay(item: Example) -> bool:
    """Whether an output may be its input: a number that is converted, or a text to correct where need be."""
    return _QUANTITY.fullmatch(item.input) is not None and _TURNS.search(item.instruction) is not None


def _open_end(output: str) -> str:
    """The end of an output that is not finished: a colon, an open code block, or words in mid-sentence."""
    if output.endswith((":", "：")):
        return output[-40:]
    if len(_CODE_FENCE.findall(output)) % 2:
        return "```"
    is_prose = len(output.split()) >= LONG and is_english(output[-400:])
    return output[-40:] if is_prose and _DANGLING.search(output) else ""


def _evaluate_wording(item: Example, output: str) -> Verdict:
    """Judge what the texts say: a refusal, a question back, an input that asks for an input."""
    opening = output[:OPENING].replace("’", "'")
    is_wanted = _WANTS_REFUSAL.search(item.instruction) and not item.notes.get("unmarked")
    if (found := _REFUSAL.match(opening)) and not is_wanted:
        return drop("refusal", words=found[0][-80:])
    if not item.input and (found := _ASKS_BACK.search(opening)):
        return drop("asks-back", words=found[0][:80])
    given = item.input.replace("’", "'")
    if len(given) <= OPENING and not item.is_classification and (found := _INPUT_ASKS.fullmatch(given)):
        return drop("input-asks-for-input", words=given[:80])
    return keep()


KEPT = Example("Is the review good or bad?", "I left after ten minutes.", "Bad", True, "g0.0")
DROPPED = Example("Shorten the article.", "[insert article here]", "It is about bees.", False, "g0.0")
REASONS = (
    "empty-output",
    "output-repeats-input",
    "output-repeats-instruction",
    "leftover-marker",
    "no-label",
    "broken-off",
    "placeholder-input",
    "placeholder-output",
    "refusal",
    "asks-back",
    "input-asks-for-input",
)
