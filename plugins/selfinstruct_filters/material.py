"""The rule against tasks that point at a text, a list or data that nobody gives."""

from __future__ import annotations

import re

from selfinstruct.api import Draft, Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.wording import VERBS, words_of

LONGEST_STUB = 20
"""Words of a line that ends with a colon; what is longer has explained what it wants."""

LONGEST_BARE = 40
"""Characters of a draft that says no more than what to write, or what to do with `it`."""

LONGEST_TASK = 2_000
"""Characters of a task whose material is looked for."""

LONGEST_POINTER = 400
"""Characters of a draft that can point at an earlier task; what is longer brings its own material."""

_NOUNS = (
    r"(?:text|passage|article|paragraph|sentence|list|code|snippet|table|data|dataset|poem|review|letter"
    r"|e-?mail|message"
    r"|numbers|words|dialogue|conversation|document|report|speech|transcript|essay|excerpt|quote|recipe"
    r"|equation|expression|csv|json|xml|html|spreadsheet|note|notes|record|log|invoice|receipt|ticket|comment|tweet|post"
    r"|headline|description|statement)"
)
_ENGLISH = (
    rf"\b(?:the|these|those) (?:following|given|provided|above|attached) (?:[\w'-]+ ){{0,3}}?{_NOUNS}s?\b(?! of\b)"
    rf"|\b(?:this|these) {_NOUNS}s?\b|\b(?:the|this|these) (?:[\w'-]+ ){{0,2}}?{_NOUNS}s? (?:below|above"
    rf"|provided|given)\b"
)
ABROAD = (
    (
        r"\b(?:den|die|das|dem|der|des) (?:folgende[nmrs]?|gegebene[nmrs]?|obige[nmrs]?|untenstehende[nmrs]?) (?:\w+ )?"
        r"(?:text|satz|sätze|artikel|absatz|liste|wörter|zahlen|code|gedicht|brief)"
    ),
    (
        r"\bsiguientes? (?:texto|frase|oración|oraciones|artículo|párrafo|lista|palabras|números|poema|código)"
        r"|\b(?:texto|frase|oración|artículo|párrafo|lista|palabras|números) (?:siguiente|dad[oa]|proporcionad[oa])s?\b"
    ),
    (
        r"\b(?:textes?|phrases?|articles?|paragraphes?|listes?|mots|poèmes?|nombres|code) (?:suivante?s?|donnée?s?"
        r"|ci-dessous)\b"
    ),
    (
        r"\bseguintes? (?:texto|frase|artigo|parágrafo|lista|palavras|números|poema)|\b(?:texto|frase|artigo|lista)"
        r" a seguir\b"
    ),
    r"\bseguenti? (?:testo|frase|frasi|articolo|paragrafo|elenco|parole|numeri|codice)",
    r"\b(?:следующ|данн|приведённ)\w+ (?:текст|предложени|стать|абзац|спис|слов|стихотворени|код)",
    (
        r"(?:下面|以下|下列|上面)的?(?:这|一)?(?:段|篇|个|句|些)?(?:文章|句子|段落|文字|文本|列表|单词|词语|代码|数字|对话)"
        r"|(?:这段|这篇|这句|这首)(?:话|文章|文字|代码|诗)"
    ),
    r"(?:次|以下|下記|上記)の(?:文章|文|テキスト|段落|リスト|コード|単語|詩|会話)",
    r"다음 (?:문장|글|기사|단락|목록|단어|코드|시|대화)",
)
"""How tasks in other languages point at what they work on."""

_EARLIER = re.compile(
    r"\byou(?:'ve|’ve| have)? just (?:created|generated|listed|made|named|wrote|written)\b"
    r"|\b(?:previous|preceding|last) (?:task|exercise|instruction)s?\b|\b(?:as|from|in) (?:the )?previous ones?\b",
    re.IGNORECASE,
)
"""Words that point at an earlier task, which nobody who gets this one has seen."""

_EARLIER_WORDS = ("just", "previous", "preceding", "last")
"""Each match of `_EARLIER` holds one of these, and they are found sooner."""

_NUMBER = re.compile(r" [0-9]{1,2}(?=[.?!]*\Z| (?:to|into|with|for|and|so)\b)")
_NUMBERED = ("recipe", "poem", "story", "task", "exercise", "passage", "paragraph", "sentence")
"""`Rewrite story 4 with a happy end` points at an entry of a list that only the model has seen."""

_POINTS = re.compile("|".join((_ENGLISH, *ABROAD)), re.IGNORECASE)
_GIVEN = re.compile(r"[:：]\s*\S|[\"“”«»„「『`|\[{]|\n\s*\S|\d+\s*[,;+*/=]\s*\d|'\w[^']+'[.\s]")
"""Signs that a task holds what it works on: a colon that something follows, quotes, further lines, a row of numbers."""

_SPECIFIES = re.compile(
    r"\b(?:function|program|script|algorithm|method|class|quer(?:y|ies)|regex|expression that|app|prompt"
    r"|template|design"
    r"|funktion|función|fonction|函数|関数|함수)\b",
    re.IGNORECASE,
)
"""`Write a function that sorts the given list` needs no list."""

_BARE = re.compile(
    r"(?:please )?(?:write|draft|compose|prepare) (?:an?|the) (?:short )?"
    r"(?:letter|e-?mail|note|notice|memo|essay|speech)\W*|(?:do|complete|perform) the (?:task|exercise)s?\W*"
    r"|(?:how|what|why|when|where)(?: (?:can|could|do|does|did|should|would|will|must|to|i|you|we|one|they|be|is))*"
    r" [a-z]+ (?:it|them)\W*",
    re.IGNORECASE,
)
"""`Write a letter`: to whom, and on what? A poem or a joke may be about anything. `How to fix it.`: what?"""

_SENTENCE = re.compile(r"[.!?。？！]\s*")
_ASKS_FIRST = re.compile(
    r"(?:what|who|which|why|how|where|when|is|are|do|does|did|can|please|then|use|using|make|if|your)\b"
)


_LABELLED_THING = re.compile(
    r"\bthe (?:given|following|provided) (?!(?:categor|label|class|option|criteri|rule|scale|tag|order)\w*)[a-z]+\b",
    re.IGNORECASE,
)
"""What a classification task is about, whatever it is called."""

_LABEL_RULES = re.compile(r'[^.?!:\n]*"[^"\n]{1,40}"[^.?!:\n]*\b(?:or|else)\b[^.?!:\n]*"[^"\n]{1,40}"', re.IGNORECASE)
"""The sentence, or the rest of one, that says which label is right when."""

_LIMIT = r"\b(?:below|above|under|over|at least|at most|(?:more|less|fewer) than) \$?\d[\d,.]*"
_LIMITS = re.compile(_LIMIT, re.IGNORECASE)
_GIVEN_NUMBERS = re.compile(
    r"\b(?:total|sum|average|mean|median|add(?: up)?|subtract|multiply)(?: of)? (?:the|these|those) "
    r"(?:given|following|provided|listed|above) [a-z]+"
    rf"|\bthe (?:given|following|provided) [a-z]+\b(?=[^.?!\n]*{_LIMIT})",
    re.IGNORECASE,
)
"""What is added up, or compared with a limit: without a number beside the limits nothing is given."""

_A_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|half)s?\b",
    re.IGNORECASE,
)

_FORMS = (
    (re.compile(r"\b(?:given|following|provided) CSV\b", re.IGNORECASE), re.compile(r"\w,\w")),
    (re.compile(r"\b(?:given|following|provided) JSON\b", re.IGNORECASE), re.compile(r"[\[{]")),
    (re.compile(r"\b(?:given|following|provided) (?:XML|HTML)\b", re.IGNORECASE), re.compile(r"<")),
)
"""Forms that a task points at, and what stands in every text of the form."""


class MaterialFilter(Filter[Draft | Example]):
    """Drop a stub such as `Solve for x:`, a draft about an earlier task, and an example without the input it refers to.

    An instruction that refers to material is kept as a draft, because its examples may contain the material.
    """

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Look for a colon that nothing follows, and for words that point at what is not there."""
        if isinstance(item, Draft):
            text = item.text.rstrip()
            if text.endswith((":", "：")) and len(words_of(text)) <= LONGEST_STUB and "\n" not in text:
                return drop("stub", end=text[-60:])
            if len(text) <= LONGEST_BARE and _BARE.fullmatch(text):
                return drop("stub", end=text)
            if len(text) <= LONGEST_POINTER and (words := _earlier(text)) and not _GIVEN.search(text):
                return drop("earlier-task", words=words)
            return keep()
        if item.input.strip():
            return keep()
        task = item.instruction.strip().rstrip(":：")
        numbers = None if _SPECIFIES.search(task) else _GIVEN_NUMBERS.search(task)
        if numbers and not _A_NUMBER.search(_LIMITS.sub("", task)):
            return drop("no-material", words=numbers[0])
        found = _POINTS.search(task) or (_LABELLED_THING.search(task) if item.is_classification else None)
        if found is None or len(task) > LONGEST_TASK or _SPECIFIES.search(task):
            return keep()
        if any(points.search(task) and not form.search(task) for points, form in _FORMS):
            return drop("no-material", words=found[0])
        plain = _LABEL_RULES.sub("", task).rstrip(" :.") if item.is_classification else task
        at = plain.find(found[0])
        if _GIVEN.search(plain) or _has_text_beside(plain, at + len(found[0]) if at >= 0 else -1):
            return keep()
        return drop("no-material", words=found[0])


def _earlier(text: str) -> str:
    """The words that point at an earlier task or at an entry by its number; empty if there are none."""
    number = _NUMBER.search(text)
    if number and text[: number.start()].casefold().endswith(_NUMBERED):
        return text[: number.end()]
    found = _EARLIER.search(text) if any(map(text.casefold().__contains__, _EARLIER_WORDS)) else None
    return found[0] if found else ""


def _has_text_beside(task: str, after: int) -> bool:
    """Whether a sentence after or before the pointing one is plain text, and so the material itself."""
    at = 0
    for sentence in _SENTENCE.split(task):
        start, at = at, task.find(sentence, at) + len(sentence)
        first = sentence.split(maxsplit=1)[0].lower().strip(",") if sentence.strip() else ""
        is_request = first in VERBS or _ASKS_FIRST.match(first) is not None
        if first and not start <= after <= at and not is_request:
            return True
    return False


KEPT = Draft("Paraphrase the following paragraph.")
DROPPED = Example("Summarise the following article.", "", "It is about bees.", False, "g0.0")
REASONS = ("stub", "earlier-task", "no-material")
