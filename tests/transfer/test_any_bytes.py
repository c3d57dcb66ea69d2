"""Whatever a file contains, an import imports it, counts it, or refuses the file with a reason."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.errors import DataError
from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES
from tests.sweeps import examples
from tests.transfer.old import OldRun

KEYS = (
    "instruction", "is_classification", "raw_instances", "input", "output", "metadata", "instance_metadata", "response",
    "choices", "text", "finish_reason", "prompt", "created_at", "most_similar", "avg_similarity_score", "request_idx",
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=10),
        st.sampled_from(["Go.", " Yes", "no", "", "\ud83d", "a\x00b"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
ROWS = st.fixed_dictionaries(
    {"instruction": st.sampled_from(["Go.", "Come.", " Go. "]) | VALUES},
    optional=dict.fromkeys(KEYS[1:], VALUES),
)

LINES = st.one_of((ROWS | VALUES).map(lambda row: json.dumps(row).encode()), st.binary(max_size=40))


@examples(60)
@given(st.lists(st.lists(LINES, max_size=6), min_size=1, max_size=3))
def test_no_file_causes_any_error_but_a_refusal(files: list[list[bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        old = OldRun.in_folder(Path(folder))
        paths = [old.file(f"f{n}.jsonl", b"\n".join(lines)) for n, lines in enumerate(files)]
        try:
            old.bring(*paths)
        except DataError:
            assert not RunStore.exists(old.out)
        else:
            check(old)


def check(old: OldRun) -> None:
    """The result is a run: every file can be read, and every candidate has one fate and a request."""
    for path in old.out.rglob("*.jsonl"):
        rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]
        assert all(isinstance(row, dict) for row in rows)
    store = old.open_readonly()
    for stage in (GENERATE, CLASSIFY, INSTANCES):
        totals = store.totals(stage)
        assert totals.requests == totals.replies == len(store.accepted_totals(stage))
        assert (store.accepted_totals(stage) or [0])[-1] == totals.accepted
    known = {instruction.id for instruction in store.instructions()}
    assert set(store.asked_about(CLASSIFY)) | set(store.asked_about(INSTANCES)) <= known
    store.close()
