"""The rule against data of real people: addresses, numbers and accounts that do not look invented."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from pydantic import Field

from selfinstruct.api import Draft, Example, Filter, Options, Verdict, drop, keep
from selfinstruct_filters.helpers import checksums
from selfinstruct_filters.helpers.texts import texts
from selfinstruct_filters.helpers.wording import word_set


class PersonalDataOptions(Options):
    """Options of the filter `personal-data`."""

    email_addresses: bool = Field(True, description="Drop e-mail addresses, except placeholders and offices (info@).")
    phone_numbers: bool = Field(
        True,
        description="Drop phone numbers, except 555 and the like.",
    )
    card_numbers: bool = Field(True, description="Drop numbers of payment cards, except test cards.")
    ibans: bool = Field(True, description="Drop bank accounts (IBAN), except well-known samples.")
    national_ids: bool = Field(True, description="Drop national ids: Brazil, China, France, Italy, Spain.")
    ip_addresses: bool = Field(True, description="Drop public IP addresses, except those of resolvers.")


class PersonalDataFilter(Filter[Draft | Example]):
    """Drop a text with an address, a number or an account of a real person.

    What looks invented is kept: `jane@example.org`, `555-0123`, `192.0.2.1`, `123-456-7890`. The evidence is masked.
    """

    def __init__(self, options: PersonalDataOptions) -> None:
        chosen = options.model_dump()
        self._kinds = [(reason, find) for option, reason, find in KINDS if chosen[option]]

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Search each text for each kind."""
        for name, text in texts(item):
            for reason, find in self._kinds:
                if (found := next(find(text), None)) is not None:
                    return drop(reason, where=name, masked=masked(found))
        return keep()


def masked(datum: str) -> str:
    """A datum of which only the form and its last two digits can be seen."""
    digits = [at for at, char in enumerate(datum) if char.isdigit()]
    seen = digits[-2:] if len(digits) > 6 else []
    return "".join("*" if char.isalnum() and at not in seen else char for at, char in enumerate(datum))


# --- e-mail addresses -------------------------------------------------------------------------------------------------

_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[\w-]{1,63}\.)+[^\W\d_]{2,24})\b")
_INVENTED_DOMAIN = re.compile(
    r"(?:.*\.)?(?:example|test|invalid|localhost|local)"
    r"|(?:.*\.)?(?:example|sample|domain|website|placeholder|acme)\.\w+"
    r"|(?:.*\.)?(?:my|your|some|our|the|any|fake|dummy|test|x|abc|xyz|foo|bar)-?(?:domain|company|mail|email|site|school"
    r"|business|corp|provider|website|store|shop|organi[sz]ation|university)?\.\w+"
    r"|(?:email|company|companyname|university|school|business|corp|organization|provider|host)\.\w+",
    re.IGNORECASE,
)
"""Domains kept for examples (RFC 2606, RFC 6762), and what people write in their place."""

_OFFICES = (
    "info|contact|support|help|helpdesk|hello|office|admin|sales|service|press|media|jobs|careers|hr|team|noreply"
    "|no-reply|donotreply|billing|feedback|privacy|legal|webmaster|postmaster|abuse|security|events|orders|enquiries"
    "|inquiries|newsletter|marketing|reservations|booking|bookings|customerservice|customer.service|customercare"
)
_INVENTED_NAME = re.compile(
    rf"(?:{_OFFICES})"
    r"|(?:my|your|some|the|an?)?[._-]?(?:e?mail|name|user|username|address|account|person|someone|somebody|me|you|us)\d*"
    r"|.*(?:example|sample|placeholder|dummy|fake|test|first.?name|last.?name|your.?name).*"
    r"|(?:j|jane|john|johnny|joe)?[._-]?doe[._-]?\d*|(?:max|erika)[._-]?mustermann|(?:j|john|jane)[._-]?smith\d*"
    r"|foo|bar|baz|abc|xyz|x+|alice|bob",
    re.IGNORECASE,
)


def emails(text: str) -> Iterator[str]:
    """E-mail addresses of no office, and with neither name nor domain invented."""
    for found in _EMAIL.finditer(text) if "@" in text else ():
        if not _INVENTED_NAME.fullmatch(found[1]) and not _INVENTED_DOMAIN.fullmatch(found[2]):
            yield found[0]


# --- phone numbers ----------------------------------------------------------------------------------------------------

_INTERNATIONAL = re.compile(r"(?<![\w+)])\+[1-9](?:[ ./\u00a0-]{0,2}\(?\d\)?){7,14}(?!\w)")
_AMERICAN = re.compile(r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[ .-]\d{4}(?![\w-])")
_SAID = re.compile(
    r"\b(?:phone|telephone|tel|cell|mobile|whatsapp|call(?: me| us)?|fax|handy|telefon|téléphone|teléfono|telefono)\b"
    r"(?: ?(?:number|no|nr|nummer))?[.:]{0,2} ?(?:is |at |on |under )?(\(?\d(?:[ ./\u00a0-]{0,2}\(?\d\)?){6,13})(?!\w)",
    re.IGNORECASE,
)
_FICTION = re.compile(r"(?:44|0)(?:1632960|2079460|7700900|1[1-6]\d4960|8081570|9098790|3069990)\d{3}")
"""Numbers that Ofcom keeps for drama in the United Kingdom."""

_TOLL_FREE = re.compile(r"1?8(?:00|33|44|55|66|77|88)\d{7}")


def phones(text: str) -> Iterator[str]:
    """Phone numbers in an international or American form, or said to be ones, that do not look invented."""
    for pattern in (_INTERNATIONAL, _AMERICAN, _SAID):
        for found in pattern.finditer(text):
            number = found[pattern.groups]
            if not _is_invented_phone(re.sub(r"\D", "", number)):
                yield number


def _is_invented_phone(digits: str) -> bool:
    american = digits.removeprefix("1")
    is_555 = len(american) in (7, 10) and "555" in (american[:3], american[-7:-4])
    return is_555 or looks_made_up(digits) or bool(_FICTION.fullmatch(digits) or _TOLL_FREE.fullmatch(digits))


def looks_made_up(digits: str) -> bool:
    """Whether digits are a run such as 12345, or little more than one digit over and over."""
    return has_run(digits) or len(set(digits[-7:])) <= 2 or bool(re.search(r"(\d)\1{4}", digits))


def has_run(digits: str) -> bool:
    """Whether five digits in a row rise or fall by one."""
    runs = ("12345", "23456", "34567", "45678", "56789", "67890", "98765", "87654", "76543", "65432", "54321")
    return any(run in digits for run in runs)


# --- cards, accounts, ids ---------------------------------------------------------------------------------------------

_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")


def cards(text: str) -> Iterator[str]:
    """Numbers that a payment card can have, published test cards left out."""
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if checksums.is_card(digits) and digits not in checksums.TEST_CARDS and not looks_made_up(digits):
            yield found[0]


def ibans(text: str) -> Iterator[str]:
    """International bank account numbers, published samples left out."""
    for found in _IBAN.finditer(text):
        account = checksums.as_long_as_an_iban(found[0].replace(" ", ""))
        if checksums.is_iban(account) and account not in checksums.SAMPLE_IBANS and not has_run(account):
            yield found[0]


def national_ids(text: str) -> Iterator[str]:
    """National ids of countries whose check digits make chance finds rare."""
    for pattern, is_one in checksums.NATIONAL_IDS:
        for found in pattern.finditer(text):
            plain = re.sub(r"[ .-]", "", found[0]).upper()
            if is_one(plain) and plain not in checksums.SAMPLE_IDS and not looks_made_up(re.sub(r"\D", "", plain)):
                yield found[0]


# --- IP addresses -----------------------------------------------------------------------------------------------------

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w/]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,6}(?![\w:/])", re.IGNORECASE)
_VERSION = re.compile(r"(?:version|release|build|section|v)[ .:]{0,2}\Z", re.IGNORECASE)
_RESOLVERS = word_set(
    """8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 208.67.222.222 208.67.220.220 1.2.3.4 2001:4860:4860::8888
    2001:4860:4860::8844 2606:4700:4700::1111"""
)
_LEAST = 20
"""Four parts that are all below this are taken for the number of a version or a section."""


def addresses(text: str) -> Iterator[str]:
    """Public IP addresses; those of everybody's resolvers, and versions written in four parts, left out."""
    for found in (*_IPV4.finditer(text), *_IPV6.finditer(text)):
        try:
            address = ipaddress.ip_address(found[0])
        except ValueError:
            continue
        is_version = address.version == 4 and max(address.packed) < _LEAST
        said_so = _VERSION.search(text[max(0, found.start() - 10) : found.start()])
        is_public = address.is_global and not address.is_multicast
        if is_public and not (is_version or said_so) and found[0].lower() not in _RESOLVERS:
            yield found[0]


KINDS: tuple[tuple[str, str, Callable[[str], Iterator[str]]], ...] = (
    ("email_addresses", "email-address", emails),
    ("ibans", "iban", ibans),
    ("national_ids", "national-id", national_ids),
    ("card_numbers", "card-number", cards),
    ("phone_numbers", "phone-number", phones),
    ("ip_addresses", "ip-address", addresses),
)
"""Each kind's option, its reason, and what finds it."""

KEPT = Draft("Write a mail to jane@example.org that asks her to call 555-0123 before noon.")
DROPPED = Draft("Write a mail to sunny.garden81@blue-heron-mail.net that asks her to call before noon.")
REASONS = tuple(reason for _, reason, _ in KINDS)
