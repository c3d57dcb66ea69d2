"""Personal data: what looks real is dropped, what looks invented is kept, and the evidence never tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Draft, Example
from selfinstruct_filters.personal_data import KINDS, PersonalDataFilter, PersonalDataOptions

ROOT = Path(__file__).parents[3]

REAL = [
    ("Mail sunny.garden81@blue-heron-mail.net about it.", "email-address"),
    ("Antworten Sie bitte an k.weidenbruch@posteo.de.", "email-address"),
    ("<mailto:rosenrot_77@web.de>", "email-address"),
    ("Pošlete to na adresu jiřina.77@seznam.cz", "email-address"),
    ("Ring +49 30 901820 today.", "phone-number"),
    ("Ring +33 (0)1 44 71 92 80", "phone-number"),
    ("Call (212) 736-5001 now", "phone-number"),
    ("His number is 212-736-5001.", "phone-number"),
    ("Phone: 0221 9143380", "phone-number"),
    ("Mein Handy: 0171/9384756.", "phone-number"),
    ("Pay with 4539 5787 6362 1486.", "card-number"),
    ("5425233430109903", "card-number"),
    ("374245455400126", "card-number"),
    ("Überweise auf DE02 1203 0000 0000 2020 51 bis Freitag.", "iban"),
    ("DE02120300000000202051", "iban"),
    ("Pay to NL39RABO0300065264 PLEASE", "iban"),
    ("My CPF is 390.533.447-05.", "national-id"),
    ("身份证号 440524198001010013", "national-id"),
    ("Numéro : 2 55 08 14 168 025 38", "national-id"),
    ("Codice fiscale MRTMTT91D08F205J", "national-id"),
    ("DNI 54362315K", "national-id"),
    ("The log shows 81.169.145.92 at noon.", "ip-address"),
    ("Block 2a01:238:20a:202:1159::", ""),
    ("Block 2a01:238:20a:202::1159 for good", "ip-address"),
]
INVENTED = [
    "Write to jane@example.org, john.doe@gmail.com and your.name@company.com.",
    "Mail info@blue-heron-mail.net or support@shoes.com.",
    "Is user@localhost valid? And foo@bar.com? And a@b?",
    "Extract the address: name@email.com, test@test.com, max.mustermann@web.de",
    "Call 555-0123, (555) 123-4567, 123-456-7890 or +1 (415) 555-2671.",
    "Call 1-800-736-5001 or +44 20 7946 0958 or 07700 900123.",
    "My phone number is 000-000-0000, hers +1 234 567 8900.",
    "Sum 212, 736 and 5001. Then 2127365001 / 3.",
    "Solve 12345678 + 87654321, then 5 + 4 - 33 + 12 = x.",
    "From 1914 to 1918; pages 212-736; on 2024-05-17; ISBN 978-3-16-148410-0.",
    "The card 4111 1111 1111 1111 is for tests, 4242424242424242 too.",
    "4539 5787 6362 1487 has a wrong check digit.",
    "The number 1234567890123456 has sixteen digits.",
    "Sample account: DE89 3704 0044 0532 0130 00, GB82 WEST 1234 5698 7654 32.",
    "DE02 1203 0000 0000 2020 52 fails.",
    "CPF 111.111.111-11 and 123.456.789-09; DNI 12345678Z; 54362315A.",
    "My SSN is 078-05-1120.",
    "Ping 192.168.0.1, 10.0.0.7, 127.0.0.1, 192.0.2.44, 198.51.100.3, 203.0.113.9, 255.255.255.0, 8.8.8.8 and ::1.",
    "Version 2.10.4.1 and v1.22.333.4; section 3.2.1.10; 1.2.3.4; 2001:db8::7",
    "At 10:30:15 he woke; a ratio of 1:2:3:4; dead:beef",
    "@home, @media, a@, @b.com, and 50 @ 3.99",
    "3.14159265358979323846 and 1,234,567,890,123,456",
    "UUID 123e4567-e89b-12d3-a456-426614174000, hash 4539578763621486ab",
]


def judge(text: str, **options: bool) -> str:
    return PersonalDataFilter(PersonalDataOptions(**options)).evaluate(Draft(text)).reason


@pytest.mark.parametrize(("text", "reason"), REAL)
def test_what_looks_real_is_dropped(text: str, reason: str) -> None:
    assert judge(text) == reason


@pytest.mark.parametrize("text", INVENTED)
def test_what_looks_invented_is_kept(text: str) -> None:
    verdict = PersonalDataFilter(PersonalDataOptions()).evaluate(Draft(text))
    assert verdict.keep, verdict


@pytest.mark.parametrize(("text", "reason"), [case for case in REAL if case[1]])
def test_the_evidence_is_masked(text: str, reason: str) -> None:
    verdict = PersonalDataFilter(PersonalDataOptions()).evaluate(Draft(text))
    evidence = json.dumps(dict(verdict.evidence), ensure_ascii=False)
    assert "*" in evidence
    assert not set(re.findall(r"[^\W_]{3,}", text)) & set(re.findall(r"[^\W_]{3,}", str(verdict.evidence["masked"])))


@pytest.mark.parametrize(("option", "reason"), [(option, reason) for option, reason, _ in KINDS])
def test_each_kind_can_be_switched_off(option: str, reason: str) -> None:
    text = next(text for text, why in REAL if why == reason)
    assert judge(text) == reason
    assert judge(text, **{option: False}) == ""


def test_every_text_of_an_example_is_judged() -> None:
    one = PersonalDataFilter(PersonalDataOptions())
    verdict = one.evaluate(Example("Shorten it.", "Ring +49 30 901820.", "Ring.", False, "g0.0"))
    assert (verdict.reason, verdict.evidence["where"]) == ("phone-number", "input")
    assert one.evaluate(Example("Shorten it.", "Ring me.", "Ring.", False, "g0.0")).keep


@given(st.text() | st.text("0123456789 .-+@():ab", max_size=60))
def test_any_text_is_judged(text: str) -> None:
    judge(text)


@pytest.mark.parametrize(
    "text", ["1 " * 20_000, "a@" * 20_000, "a." * 20_000, "1.1" * 20_000, "a:" * 20_000, "AB12 " * 8_000, "+1" * 9_000]
)
def test_a_long_text_is_judged_in_time(text: str) -> None:
    judge(text)


def test_the_seeds_hold_none() -> None:
    one = PersonalDataFilter(PersonalDataOptions())
    for line in (ROOT / "data" / "seed_tasks.jsonl").read_text(encoding="utf-8").splitlines():
        seed = json.loads(line)
        for case in seed["instances"]:
            item = Example(seed["instruction"], case["input"], case["output"], False, seed["id"])
            assert one.evaluate(item).keep, item
