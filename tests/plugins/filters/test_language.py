"""Language: what the script decides, what the model decides, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from selfinstruct.api import Draft, Example
from selfinstruct_filters.language import LANGUAGES, SCRIPTS, LanguageFilter, LanguageOptions
from tests.command_line import python

ROOT = Path(__file__).parents[3]
ENGLISH = LanguageFilter(LanguageOptions(keep=("en",)))
TASKS = {
    "en": "Write a short story about a lighthouse keeper who finds a letter.",
    "de": "Schreibe eine kurze Geschichte über einen Leuchtturmwärter, der einen Brief findet.",
    "fr": "Écris une courte histoire à propos d'un gardien de phare qui trouve une lettre.",
    "es": "Escribe una historia corta sobre un farero que encuentra una carta en la playa.",
    "ru": "Напиши короткий рассказ о смотрителе маяка, который находит письмо.",
    "uk": "Напиши коротке оповідання про доглядача маяка, який знаходить листа.",
    "zh": "写一个关于灯塔看守人发现一封信的短篇故事，语言要简单。",
    "ja": "手紙を見つけた灯台守についての短い物語を書いてください。",
    "ko": "편지를 발견한 등대지기에 대한 짧은 이야기를 써 주세요.",
    "hi": "एक प्रकाशस्तंभ के रखवाले के बारे में एक छोटी कहानी लिखिए जिसे एक पत्र मिलता है।",
    "ar": "اكتب قصة قصيرة عن حارس منارة يجد رسالة على الشاطئ.",
    "el": "Γράψε μια σύντομη ιστορία για έναν φαροφύλακα που βρίσκει ένα γράμμα.",
    "th": "เขียนเรื่องสั้นเกี่ยวกับคนเฝ้าประภาคารที่พบจดหมาย",
}


def reason(text: str, one: LanguageFilter = ENGLISH) -> str:
    return one.evaluate(Draft(text)).reason


@pytest.mark.parametrize("kept", ["en", "de", "ru", "zh", "ja", "ko"])
def test_one_language_is_kept_and_the_others_are_dropped(kept: str) -> None:
    one = LanguageFilter(LanguageOptions(keep=(kept,)))
    assert [code for code, text in TASKS.items() if not reason(text, one)] == [kept]


def test_by_default_every_language_is_kept() -> None:
    one = LanguageFilter(LanguageOptions())
    assert all(reason(text, one) == "" for text in TASKS.values())


def test_the_evidence_says_what_decided() -> None:
    by_model, by_script = (ENGLISH.evaluate(Draft(TASKS[code])) for code in ("de", "ru"))
    assert (by_model.reason, by_model.evidence["language"]) == ("another-language", "de")
    assert (by_script.reason, by_script.evidence["script"]) == ("another-script", "Cyrillic")
    json.dumps([dict(by_model.evidence), dict(by_script.evidence)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Write a haiku.",
        "Ecris un haiku.",
        "Let α + β = γ and λ = 2.",
        "2 + 2 = ?",
        "Translate into English: Je n'ai pas le temps de faire mes devoirs aujourd'hui.",
        "Translate into English: 我没有时间去做今天的家庭作业。我明天再做。",
        'Correct the German sentence "Ich habe gestern ins Kino gegangen und viel gelacht".',
        "```python\nfor x in range(10):\n    print(x)\n```",
        "for (int i = 0; i < n; i++) { sum += values[i]; }",
        "SELECT name, COUNT(*) FROM users WHERE age > 30 GROUP BY name;",
    ],
)
def test_what_is_short_or_no_prose_or_only_holds_another_language_is_kept(text: str) -> None:
    verdict = ENGLISH.evaluate(Draft(text))
    assert verdict.keep, verdict


def test_the_texts_of_an_example_can_be_chosen() -> None:
    item = Example("Translate the letter into German.", TASKS["en"], TASKS["de"], False, "g0.0")
    assert ENGLISH.evaluate(item).evidence["where"] == "output"
    assert LanguageFilter(LanguageOptions(keep=("en",), texts=("instruction", "input"))).evaluate(item).keep


def test_scripts_that_decide_alone_need_no_model(tmp_path: Path) -> None:
    code = (
        "import sys, json\n"
        "from selfinstruct.api import Draft\n"
        "from selfinstruct_filters.language import LanguageFilter, LanguageOptions\n"
        f"one = LanguageFilter(LanguageOptions(keep=('ko', 'th')))\n"
        f"reasons = [one.evaluate(Draft(text)).reason for text in {[TASKS['ko'], TASKS['en']]!r}]\n"
        "print(json.dumps([reasons, 'py3langid' in sys.modules]))"
    )
    assert python(code, tmp_path) == [["", "another-script"], False]


def test_a_missing_extra_is_one_sentence(tmp_path: Path) -> None:
    code = (
        "import sys, json, io, contextlib; sys.modules['py3langid'] = None\n"
        "from selfinstruct.cli import main\n"
        "sys.argv = ['selfinstruct', 'generate', '--quiet', '--backend', 'demo', '--target', '1',\n"
        "            '--set', 'generate.add_filters=[{use=\"language\", keep=[\"en\"]}]']\n"
        "err = io.StringIO()\n"
        "with contextlib.redirect_stderr(err):\n"
        "    try: main()\n"
        "    except SystemExit as ending: code = ending.code\n"
        "print(json.dumps([code, err.getvalue()]))"
    )
    assert python(code, tmp_path) == [3, "error: filter 'language' needs: pip install 'selfinstruct[lang]'\n"]


@pytest.mark.parametrize("keep", [("english",), ("EN",), ("xx",), ("",), "en", (7,)])
def test_a_wrong_language_is_refused(keep: Any) -> None:
    with pytest.raises(ValidationError):
        LanguageOptions(keep=keep)


def test_the_known_languages_are_the_model_s() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    labels = {str(label) for label in LanguageIdentifier.from_model_file(MODEL_FILE).labels}
    assert {label for label in labels if len(label) == 2} == LANGUAGES
    assert len(SCRIPTS) > 20


def test_the_seeds_are_english() -> None:
    for line in (ROOT / "data" / "seed_tasks.jsonl").read_text(encoding="utf-8").splitlines():
        assert reason(json.loads(line)["instruction"]) == "", line


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    reason(text)


@pytest.mark.parametrize("text", ["\ud800" * 50, "`" * 9_000, "<" * 9_000, "a" * 90_000, "語" * 9_000, "\x00" * 99])
def test_odd_texts_are_judged(text: str) -> None:
    reason(text)
