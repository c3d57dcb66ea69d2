"""Tells a reply that was cut while the model still thought: aloud, under a heading, or in a wrapper nobody knows."""

from __future__ import annotations

import re

_HOLDS_ANSWER = (
    r"(?:task|instruction|instance|example|input|output|question|prompt|item|list|result|response|reply|answer|final|body"
    r"|html|head|title|main|section|article|header|footer|table|span|strong|code|json|text|content|label|document|note)"
)
"""What signs are called that stand around answers, or in pages."""

_SIGN_FIRST = rf"\s*(?:<\|?|\[\[?|◁)(?P<name>(?!{_HOLDS_ANSWER})[A-Za-z][\w▁-]{{3,30}})[|\]>▷]{{1,2}}\s*"
_ALOUD = re.compile(
    rf"(?i)(?:{_SIGN_FIRST}|\s*)(?:"
    r"(?:(?:okay|ok|alright|all right|hmm+|well|so|right|now|first)[,.…]*\s+)*"
    r"(?:the user (?:wants|asks|asked|is asking|has asked|needs|gave|has given|provided)|we (?:need|have|are asked) to"
    r"|let(?: me|['’]s| us) (?:(?:first|start by|begin by) )?(?:think|see|look|check|analy[sz]e|consider|break|figure"
    r"|reason|recall|brainstorm|re-?read)|looking at (?:the|these|those)|(?:given|from) the examples"
    r"|the (?:examples|prompt|request) (?:asks?|says?|shows?|covers?|wants?|seems?|are|is)"
    r"|my (?:task|job|goal) (?:is|here))\b"
    r"|i (?:should|must|need to|have to|want to|could) (?:come up with|produce|generate|create|give|write|make)"
    r" (?:[\w-]+ ){0,3}(?:tasks?|instructions?|examples?)\b"
    r"|(?:okay|ok|alright|hmm+|well|first)[,.…]+\s+(?:so,?\s+)?(?:i (?:need|have|should|must|am)|i['’]m)\b)"
)
"""How a model begins that thinks aloud, behind a sign that we do not know or behind none."""

_TALK = r"(?=\s*[^\W\d_][^\n]{20,}[.:])"
"""A line of prose below a heading: without it, `Reasoning` may be a kind of task."""

_HEADED = re.compile(
    r"(?i)\s*(?P<mark>#{1,6}[ \t]+|\*\*|__)?(?:(?:step|phase|part)[ \t]*1[ \t]*[:.)–-]+[ \t]*|1[.)][ \t]+)?\**"
    r"(?:(?:my |the )?(?:thought process|thoughts|thinking(?: process)?|chain of thought|internal monologue)"
    r"|(?:analy[sz](?:e|ing)|understand(?:ing)?|clarify(?:ing)?) (?:the |user(?:['’]s)? )*(?:request|prompt|tasks?"
    r"|instructions?|examples?|requirements?|constraints?|goal|input|question)[^\n:：*]{0,20}"
    rf"|(?P<kind>(?:my |initial )?(?:reasoning|analysis|brainstorm(?:ing)?|plan(?:ning)?|approach|strategy)))"
    rf"(?(mark)[ \t]*[:：*_]*|[ \t]*[:：]+[*_]*)[ \t]*\n(?(kind){_TALK})"
)
"""A first line under which a model thinks: `## Thought process`, `Thinking:`, `### Step 1: Analyze the request`."""

_MUSES = re.compile(
    r"(?i)\n[ \t]*\n[ \t]*(?:(?:but )?(?:wait|hmm+)\b[,.!?…—–-]|let me (?:re)?(?:check|count|consider|think|verify)\b)"
)
"""A paragraph in which a model has second thoughts, also below the tasks that it turns over."""

_ANNOUNCED = re.compile(
    r"(?im)\b(?:here(?: are| is|['’]s)|below|as follows|final|answer)\b[^\n]{0,80}[:：]\W*$"
    r"|^[^\w\n]*(?:(?:the |my )?(?:new|final) )?(?:tasks|instructions|list|answer|output|response)[:：*_]*[ \t]*$"
)
_UNKNOWN_SIGN = re.compile(rf"(?!\s*\[){_SIGN_FIRST}(?=[A-Z]\w*,?[ ’'])", re.IGNORECASE)


def is_unfinished_thought(text: str, final: str) -> bool:
    """Whether a reply that was cut never came to its answer; `final` is its part outside the known wrappers."""
    thoughts = [found.end() for sign in (_ALOUD, _HEADED) if (found := sign.match(final))]
    thoughts += [found.end() for found in _MUSES.finditer(final)]
    if thoughts:
        return _ANNOUNCED.search(final, max(thoughts)) is None
    if (sign := _UNKNOWN_SIGN.match(text)) is None or len(final.strip()) < len(text.strip()) - len(sign[0].strip()):
        return False  # the text had signs that are known
    return re.search(rf"[/|▁_-]{re.escape(sign['name'])}[|>▷]", text[sign.end("name") :]) is None
