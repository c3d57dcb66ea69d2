"""TOML that is written is read back as it was."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.files.toml import to_toml

names = st.text(min_size=1, max_size=6)
plain = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


@given(st.dictionaries(names, values | st.dictionaries(names, values, max_size=4), max_size=5))
def test_a_tree_comes_back(tree: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(tree)) == tree


def test_what_is_not_set_is_left_out_and_lists_of_components_have_lines() -> None:
    tree = {"run": {"seed": 1, "lookahead": None}, "backend": None, "generate": {"filters": [{"use": "a", "b": None}]}}
    assert to_toml(tree) == '[run]\nseed = 1\n\n[generate]\nfilters = [\n    { use = "a" },\n]\n'
