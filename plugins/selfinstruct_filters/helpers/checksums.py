"""Numbers that carry check digits: payment cards, bank accounts, national ids; and samples that are nobody's."""

from __future__ import annotations

import re
from collections.abc import Callable

from selfinstruct_filters.helpers.wording import word_set

TEST_CARDS = word_set(
    """4111111111111111 4242424242424242 4012888888881881 4000056655665556 4000000000000002 4222222222222
    4917610000000000 5555555555554444 5105105105105100 5200828282828210 2223003122003222 5424000000000015
    378282246310005 371449635398431 378734493671000 370000000000002 6011111111111117 6011000990139424
    6011000000000012 30569309025904 38520000023237 36227206271667 3530111333300000 3566002020360505"""
)
"""Numbers that card schemes and payment services publish for tests."""

SAMPLE_IBANS = word_set(
    """DE89370400440532013000 GB29NWBK60161331926819 GB82WEST12345698765432 GB33BUKB20201555555555
    FR1420041010050500013M02606 FR7630006000011234567890189 NL91ABNA0417164300 BE68539007547034
    CH9300762011623852957 AT611904300234573201 ES9121000418450200051332 IT60X0542811101000000123456
    PL61109010140000071219812874 SE4550000000058398257466 DK5000400440116243 NO9386011117947 FI2112345600000785
    PT50000201231234567890154 IE29AIBK93115212345678 LU280019400644750000"""
)
"""The examples of the IBAN registry (SWIFT), and others that stand in every manual."""

SAMPLE_IDS = word_set("""11144477735 52998224725 11010519491231002X RSSMRA85T10A562S RSSMRA80A01H501U""")
"""National ids that stand in every manual."""

_IBAN_LENGTHS = dict(
    re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 ES24 FI18 FO18 FR27 GB22"
        " GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24"
        " ME22 MK19 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29"
        " VG24 XK20",
    )
)
"""How long an account of each country is (SWIFT, IBAN registry)."""

_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
)
"""Prefixes and lengths of the large schemes (ISO/IEC 7812)."""


def is_card(digits: str) -> bool:
    """Whether a card can have this number: a known prefix, its length, and the check digit of Luhn."""
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return bool(_CARD.fullmatch(digits)) and sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def as_long_as_an_iban(account: str) -> str:
    """As much of a text as an account of its country takes; nothing if no such country takes part."""
    return account[: int(_IBAN_LENGTHS.get(account[:2], "0"))]


def is_iban(account: str) -> bool:
    """Whether an account without spaces has its country's length and right check digits (ISO 13616, modulo 97)."""
    if str(len(account)) != _IBAN_LENGTHS.get(account[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in account[4:] + account[:4])) % 97 == 1


def is_cpf(digits: str) -> bool:
    """Brazil, Cadastro de Pessoas Fisicas: two check digits modulo 11."""
    for size in (9, 10):
        total = sum(int(digit) * (size + 1 - at) for at, digit in enumerate(digits[:size]))
        if total * 10 % 11 % 10 != int(digits[size]):
            return False
    return len(set(digits)) > 1


def is_resident_id(number: str) -> bool:
    """China, resident identity number (GB 11643): a date of birth and a check sign modulo 11."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))
    return "10X98765432"[total % 11] == number[17]


def is_nir(number: str) -> bool:
    """France, numero d'inscription au repertoire: a key modulo 97; Corsica's 2A and 2B count as 19 and 18."""
    return 97 - int(number[:13].replace("2A", "19").replace("2B", "18")) % 97 == int(number[13:])


def is_codice_fiscale(code: str) -> bool:
    """Italy, codice fiscale: a check letter modulo 26 (decree of 23 December 1976)."""
    odd = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", _ODD, strict=True))
    total = sum(int(char) if char.isdigit() else ord(char) - 65 for char in code[1:15:2])
    return chr(65 + (total + sum(odd[char] for char in code[0:15:2])) % 26) == code[15]


_ODD = (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22,
    25, 24, 23,
)  # fmt: skip
"""What digits and letters at odd places of a codice fiscale count."""


def is_dni(number: str) -> bool:
    """Spain, documento nacional de identidad: a check letter modulo 23."""
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number[:8]) % 23] == number[8]


NATIONAL_IDS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)"), is_cpf),
    (
        re.compile(r"(?<!\w)[1-8]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\w)"),
        is_resident_id,
    ),
    (re.compile(r"(?<!\w)[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d(?!\w)"), is_nir),
    (re.compile(r"(?<!\w)[A-Z]{6}\d\d[ABCDEHLMPRST]\d\d[A-Z]\d{3}[A-Z](?!\w)"), is_codice_fiscale),
    (re.compile(r"(?<!\w)\d{8}-?[TRWAGMYFPDXBNJZSQVHLCKE](?!\w)"), is_dni),
)
"""How the ids are written, and what checks them. No others: an id without a strong check digit is any number."""
