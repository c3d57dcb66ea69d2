"""What to do about the faults of model clients."""

from __future__ import annotations

from collections.abc import Mapping

HINTS: Mapping[str, str] = {
    "key": "Check the key and its rights.",
    "refused": "Check the key and its rights.",
    "payment": "Check the account's credit and billing.",
    "model": "Check the model.",
    "template": "Give the server a chat template that takes a system message, or use --recipe paper for a base model.",
    "address": "Check base_url: most servers want it to end in /v1.",
    "scheme": "Put http:// or https:// in front of base_url.",
    "files": "Raise the limit, such as ulimit -n 4096, or lower run.concurrency.",
    "page": "Check base_url, and whether a firewall, a proxy or the provider blocks this network.",
    "proxy": "Check the user and password in HTTPS_PROXY or HTTP_PROXY.",
    "tls": "Check base_url and the certificates of this computer.",
    "http": "Write http:// in place of https:// in base_url.",
    "https": "Write https:// in place of http:// in base_url.",
    "access": "Check what this account and its key may use, and from where.",
}
"""What to do about what ends a run; a backend puts its provider's own words in their place.

`key` is for a key that is missing or cannot be sent, and `refused` for one that the provider does not accept.
"""
