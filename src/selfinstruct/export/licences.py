"""The ids of licences that the Hub knows, and the check of what a dataset card says about licence and languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from selfinstruct.errors import UsageError, suggest

HUB_LICENCES = """
afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0
bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0
eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 grok2-community h-research
intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c mit
mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openmdw-1.0 openmdw-1.1 openrail openrail++ osl-3.0 other pddl postgresql
unknown unlicense wtfpl zlib
"""
"""The ids of https://huggingface.co/docs/hub/repositories-licenses in November 2026, separated by spaces."""


def check_card_options(license: str, languages: Sequence[str]) -> None:  # noqa: A002 - as `export` calls it
    """Raise `UsageError` for a licence or a language that the Hub would not accept on a card."""
    if license and license not in HUB_LICENCES.split():
        hint = "Give an id of the Hub, such as llama3.1 or apache-2.0, or other, and name the licence on the card."
        raise UsageError(f"the Hub knows no licence '{license}'{suggest(license, HUB_LICENCES.split())}", hint)
    if wrong := [code for code in languages if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", code)]:
        raise UsageError(f"'{wrong[0]}' is not the code of a language", "Give a code such as en, or zh-Hans.")
