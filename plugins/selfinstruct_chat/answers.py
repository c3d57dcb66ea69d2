"""The words that announce an answer, an example or a remark below a task, in several languages."""

from __future__ import annotations

import re

_QUALIFIED = r"(?:(?:sample|example|expected|possible|model|suggested|correct|right) +)?"
_WORDS = (
    r"answers?|solutions?|response|completion|output|respuesta|solución|salida|réponse|sortie|antwort|lösung|ausgabe"
    r"|resposta|solução|saída|risposta|soluzione|antwoord|odpowiedź|cevap|yanıt|ответ|решение|відповідь"
    r"|答案|参考答案|回答|解答|输出|答え|正解|出力|답|정답|답변|출력|उत्तर|जवाब|الإجابة|إجابة|الجواب"
)
_EXAMPLES = r"example|beispiel|ejemplo|exemple|exemplo|esempio|пример|例|예|उदाहरण|مثال"
_OPEN = r"(?:[-*•+]\s+)?[*_(\[（ ]*"

_ANSWER = re.compile(rf"{_OPEN}{_QUALIFIED}(?:{_WORDS})[*_ ]*[:：]", re.IGNORECASE)
_EXAMPLE = re.compile(rf"{_OPEN}(?:{_EXAMPLES})[*_ ]*[:：]", re.IGNORECASE)
_ARROW = re.compile(r"(?:->|=>|→|⇒)\s*\S")
_INLINE = re.compile(
    rf"(?P<task>.*[.?!\"”»。？！])\s*(?P<answer>[(\[（]{_QUALIFIED}(?:{_WORDS})\s*[:：].*[)\]）]"
    rf"|(?:->|=>|→|⇒)\s*\S.*|(?:{_WORDS})\s*[:：]\s*[^\W_].*)",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:[-*•+]\s+)?[*_]*(?:(?:task )?type|difficulty(?: level)?|category|domain|skills?|level|tags?)[*_]*\s*[:：]"
    r"[*_]*\s*\S+(?: \S+){0,3}"
    r"|[(*_]*this (?:task |question |one )?(?:checks|tests|encourages|assesses|trains|practi[cs]es|explores|challenges"
    r"|is an? (?:[\w-]+ ){0,3}(?:task|question|exercise|problem))\b[^\n]*",
    re.IGNORECASE,
)


def starts_answer(line: str) -> bool:
    """Whether a line announces an answer: `Output: 4`, `**Answer:**`, `答案：`."""
    return _ANSWER.match(line) is not None


def starts_example(line: str) -> bool:
    """Whether a line announces an example, which below a task without data is its answer."""
    return _EXAMPLE.match(line) is not None


def is_empty_answer(line: str) -> bool:
    """Whether nothing follows the announcement."""
    return not _ANSWER.sub("", line, count=1).strip()


def announces_answer(tail: str) -> bool:
    """Whether text below a task says of itself that it is the answer."""
    return starts_answer(tail) or starts_example(tail) or _ARROW.match(tail) is not None


def describes_task(line: str) -> bool:
    """Whether a line files a task: `Difficulty: easy`."""
    return _ABOUT.fullmatch(line.strip()) is not None


def split_inline_answer(line: str) -> tuple[str, str]:
    """A line's task, and the answer behind an arrow or in brackets at its end."""
    found = _INLINE.fullmatch(line)
    return (found["task"], found["answer"]) if found else (line, "")
