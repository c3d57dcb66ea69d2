"""The tokenisers: the classical one equals that of `rouge_score`; the Unicode one reads any script."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.similarity import Pool, classical_tokens, sign_tokens, unicode_tokens
from tests.golden import golden
from tests.sweeps import examples

SENTENCES = {
    "Arabic": "اكتب قصيدة قصيرة عن البحر",
    "Armenian": "Գրիր կարճ բանաստեղծություն ծովի մասին",
    "Bengali": "সমুদ্র নিয়ে একটি ছোট কবিতা লেখো",
    "Burmese": "ပင်လယ်အကြောင်း ကဗျာတိုတစ်ပုဒ်ရေးပါ",
    "Chinese": "写一首关于大海的短诗",
    "Cyrillic": "Напиши короткое стихотворение о море",
    "Devanagari": "समुद्र पर एक छोटी कविता लिखो",
    "Ethiopic": "ስለ ባሕር አጭር ግጥም ጻፍ",
    "Georgian": "დაწერე მოკლე ლექსი ზღვაზე",
    "Greek": "Γράψε ένα μικρό ποίημα για τη θάλασσα",
    "Gujarati": "સમુદ્ર વિશે ટૂંકી કવિતા લખો",
    "Hangul": "바다에 대한 짧은 시를 써라",
    "Hebrew": "כתוב שיר קצר על הים",
    "Japanese": "海についての短い詩を書いてください",
    "Kannada": "ಸಮುದ್ರದ ಬಗ್ಗೆ ಚಿಕ್ಕ ಕವಿತೆ ಬರೆಯಿರಿ",
    "Khmer": "សរសេរកំណាព្យខ្លីអំពីសមុទ្រ",
    "Lao": "ຂຽນບົດກະວີສັ້ນໆກ່ຽວກັບທະເລ",
    "Latin": "Écris un court poème sur la mer à Noël",
    "Sinhala": "මුහුද ගැන කෙටි කවියක් ලියන්න",
    "Tamil": "கடலைப் பற்றி ஒரு சிறு கவிதை எழுது",
    "Telugu": "సముద్రం గురించి చిన్న కవిత రాయండి",
    "Thai": "เขียนบทกวีสั้นๆ เกี่ยวกับทะเล",
    "Tibetan": "རྒྱ་མཚོའི་སྐོར་ལ་སྙན་ངག་ཐུང་ཐུང་ཞིག་བྲིས།",
}


def score(left: str, right: str) -> float:
    pool = Pool()
    pool.add(left)
    return pool.compare(right).highest


@given(st.text(st.characters(max_codepoint=127)))
@examples(300)
def test_both_tokenisers_agree_on_ascii_text_with_words(text: str) -> None:
    if classical_tokens(text):
        assert unicode_tokens(text) == classical_tokens(text)


@given(st.text(max_size=80))
@examples(300)
def test_the_classical_tokeniser_equals_that_of_rouge_score(text: str) -> None:
    from rouge_score.tokenize import tokenize

    assert classical_tokens(text) == tokenize(text, None)


@golden("rouge_tokenize")
def test_recorded_tokens_are_reproduced(case: dict[str, Any]) -> None:
    assert classical_tokens(case["input"]) == case["output"]


@pytest.mark.parametrize("script", SENTENCES)
def test_a_sentence_in_any_script_scores_one_with_its_copy(script: str) -> None:
    assert len(unicode_tokens(SENTENCES[script])) > 3
    assert score(SENTENCES[script], SENTENCES[script]) == 1.0


def test_sentences_of_different_scripts_have_nothing_in_common() -> None:
    assert score(SENTENCES["Thai"], SENTENCES["Greek"]) == 0.0


@given(st.text(min_size=1, max_size=40))
@examples(300)
def test_any_text_that_is_not_blank_scores_one_with_its_copy(text: str) -> None:
    assert score(text, text) == (1.0 if text.split() else 0.0)


@pytest.mark.parametrize("text", ["?!", "👍🎉", "… — …"])
def test_a_text_without_words_is_one_token(text: str) -> None:
    assert unicode_tokens(text) == [text]


@pytest.mark.parametrize("text", ["", "  \n\t", "\u3000"])
def test_a_blank_text_has_no_tokens(text: str) -> None:
    assert unicode_tokens(text) == []


def test_equivalent_unicode_spellings_give_the_same_tokens() -> None:
    assert unicode_tokens("cafe\u0301 ＡＢＣ") == unicode_tokens("café abc") == ["café", "abc"]


def test_a_script_without_spaces_gives_one_token_per_character() -> None:
    assert unicode_tokens("大海abc海") == ["大", "海", "abc", "海"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ('Is "==" like "==="?', ["is", "==", "like", "==="]),
        ("C# is not C++ or C.", ["c#", "is", "not", "c++", "or", "c"]),
        ("++x - 3*y**2 != -4", ["++", "x", "3", "*", "y", "**", "2", "!=", "-", "4"]),
        ("Pay $5 or 20%, 3-5 times.", ["pay", "$", "5", "or", "20", "%", "3", "-", "5", "times"]),
        ("**Well-known** - a\n* list: 'so'!", ["well", "known", "a", "list", "so"]),
        ("用 C# 算 １＋１", ["用", "c#", "算", "1", "+", "1"]),
        ("a->b", ["a", "->", "b"]),
        ("!!!", ["!!!"]),
        ("", []),
    ],
)
def test_signs_that_change_the_meaning_are_tokens(text: str, tokens: list[str]) -> None:
    assert sign_tokens(text) == tokens


@given(st.text())
def test_text_without_such_signs_has_the_plain_tokens(text: str) -> None:
    plain = "".join(char for char in text if char.isalnum() or char in " .,?")
    assert sign_tokens(plain) == unicode_tokens(plain)
