"""A look at the first prompt and reply before the rest is paid for: `preview` and `run --preview`."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfinstruct.cli.text import printable
from selfinstruct.store import RunStore
from selfinstruct.types import Reply
from tests.command_line import command
from tests.faults.bench import KEY
from tests.project import Project
from tests.servers.groq_server import GroqServer
from tests.servers.provider import Provider

DEMO = ("--backend", "demo", "--target", "30")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", KEY)


def counts(folder: str) -> tuple[int, int]:
    """The requests and replies of a run."""
    store = RunStore.open_readonly(Path(folder))
    try:
        totals = store.totals("generate")
        return totals.requests, totals.replies
    finally:
        store.close()


def test_it_shows_the_prompt_as_sent_the_reply_and_the_fate_of_each_candidate() -> None:
    out = command("preview", *DEMO, "--out", "run", "--requests", "3").done().out
    store = RunStore.open_readonly(Path("run"))
    entries = [store.journal_entry("generate", index, None) for index in range(3)]
    found = [one for index in range(3) for one in store.ledger().of_reply("generate", index)]
    store.close()
    shown = [line.strip() for line in out.splitlines()]
    for entry in entries:
        assert entry is not None
        assert isinstance(entry.answer, Reply)
        for text in (*(message.text for message in entry.request.messages), entry.answer.text):
            assert {printable(line).strip() for line in text.split("\n")} <= set(shown)
    assert {one.row.decision.fate for one in found} == {"accepted", "rejected"}
    for one in found:
        decision = one.row.decision
        said = "accepted" if decision.fate == "accepted" else f"rejected by {decision.filter}: {decision.reason}"
        assert f"{one.id} {said}" in shown
    assert "to 30 instructions" in out
    assert "classify then sends" in out
    assert "nothing was sent" not in out


def test_the_run_continues_from_it_and_ends_like_one_without() -> None:
    command("run", *DEMO, "--out", "seen", "--preview", "3").done()
    assert counts("seen") == (3, 3)
    command("run", *DEMO, "--out", "seen").done()
    command("run", *DEMO, "--out", "unseen").done()
    assert Project(Path("seen")).exported() == Project(Path("unseen")).exported()


def test_the_command_to_continue_names_the_target_even_if_the_preview_did_not() -> None:
    out = command("preview", "--backend", "demo", "--out", "run").done().out
    assert "to continue from here: selfinstruct run --out run --target 100" in out


def test_a_second_look_costs_nothing() -> None:
    provider = Provider()
    with GroqServer(provider.groq, key=KEY) as server:
        always = ("--backend", "groq", "--target", "30", "--out", "run", "--set", f"backend.base_url={server.url}")
        first = command("preview", *always).done().out
        assert provider.good == 1
        second = command("preview", *always).done().out
        assert provider.good == 1
    assert second == first


def test_a_preview_that_fails_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROQ_API_KEY")
    command("preview", "--backend", "groq", "--out", "runs/first").failed(4, "needs a key", "GROQ_API_KEY")
    assert not Path("runs").exists()


def test_it_is_not_for_programs() -> None:
    command("run", *DEMO, "--out", "run", "--preview", "1", "--json").failed(2, "leave out --quiet and --json")
    assert not Path("run").exists()
