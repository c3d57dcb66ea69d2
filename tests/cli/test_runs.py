"""`generate`, `status` and `export` at work: what they print, what they leave, and what stands in their way."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.store import RunStore
from tests import third_party_plugins as strangers
from tests.command_line import command, environment, rows
from tests.forking import start
from tests.servers.groq_server import GroqAnswer, GroqServer, error
from tests.servers.ollama_server import OllamaServer

INSTRUCTIONS = Path("runs/default/machine_generated_instructions.jsonl")
REJECTED = Path("runs/default/rejected.jsonl")
DEMO = ("generate", "--backend", "demo")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GROQ_API_KEY", "GROQ_API_BASE", "GROQ_BASE_URL", "OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def closed_port() -> str:
    """An address where nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def controls(text: str) -> set[str]:
    """The characters in a text that steer a terminal."""
    return {character for character in text if not character.isprintable()} - {"\n"}


# --- generate


@pytest.mark.parametrize(
    "settings",
    [
        ["--set", "generate.filters.keywords=off", "--set", "generate.filters.length.max_words=60"],
        ["--config", "changes.toml"],
        [],
    ],
)
def test_a_run_without_a_filter_of_its_recipe_continues_with_the_same_command(settings: list[str]) -> None:
    changes = '[generate.filters]\nlength = { max_words = 60 }\nkeywords = "off"\n'
    Path("changes.toml" if settings else "selfinstruct.toml").write_text(changes)
    command(*DEMO, "--target", "3", *settings).done()
    command(*DEMO, "--target", "6", *settings).done()
    filters = {entry["use"]: entry for entry in recorded_filters(Path("runs/default"))}
    assert "keywords" not in filters
    assert filters["length"]["max_words"] == 60


def recorded_filters(folder: Path) -> list[dict[str, Any]]:
    """The filters of `generate` as the run froze them."""
    store = RunStore.open_readonly(folder)
    try:
        frozen = store.facts.stage_config("generate")
    finally:
        store.close()
    assert frozen is not None
    filters: list[dict[str, Any]] = frozen["filters"]
    return filters


def test_a_run_tells_how_it_ended_and_where_the_files_are() -> None:
    ended = command(*DEMO, "--target", "5").done()
    lines = ended.out.splitlines()
    rejected = len(rows(REJECTED))
    assert lines[0] == "generate: target of 5 reached"
    assert lines[1] == f"  5 accepted, {rejected} rejected of {5 + rejected} candidates"
    assert str(INSTRUCTIONS) in ended.out
    assert str(REJECTED) in ended.out
    assert "\nmodel: demo (a fixed grammar, not a language model" in ended.err
    assert "of some seventy kinds, whatever the seeds)" in ended.err
    assert len(rows(INSTRUCTIONS)) == 5


def test_where_there_is_no_terminal_the_lines_are_plain() -> None:
    ended = command(*DEMO, "--target", "30").done()
    assert not controls(ended.out + ended.err)


def test_quiet_says_nothing_but_how_it_ended() -> None:
    ended = command(*DEMO, "--target", "5", "--quiet").done()
    assert ended.err == ""
    assert ended.out == "generate: target of 5 reached, 5 accepted in runs/default\n"
    whole = command("run", "--target", "5", "--quiet").done()
    assert re.fullmatch(r"prepare: complete, \d+ examples in runs/default\n", whole.out)
    assert command(*DEMO, "--target", "6", "--quiet").done().err == ""


def test_a_continued_run_says_so_and_asks_nothing_again() -> None:
    command(*DEMO, "--target", "5").done()
    first = rows(INSTRUCTIONS)
    ended = command("generate", "--target", "8").done()
    assert "resuming: 5 accepted so far" in ended.err
    assert rows(INSTRUCTIONS)[:5] == first
    assert len(rows(INSTRUCTIONS)) == 8


@pytest.mark.parametrize("first", [("generate",), ("run",), ("preview", "--requests", "1")])
def test_a_run_that_continues_without_a_target_keeps_its_last_one(first: tuple[str, ...]) -> None:
    command(*first, "--backend", "demo", "--target", "9").done()
    again = command("run").done()
    assert "the target is 9" in again.err
    assert len(rows(INSTRUCTIONS)) == 9
    assert "to 9 instructions" in command("generate", "--estimate").done().out
    Path("selfinstruct.toml").write_text("[generate]\ntarget = 11")
    command("generate").done()
    assert len(rows(INSTRUCTIONS)) == 11, "a target that the config file has since then counts"


def test_the_model_is_printed_once_for_all_stages() -> None:
    assert command("run", "--backend", "demo", "--target", "3").done().err.count("model: demo") == 1


def test_a_smaller_target_than_the_run_holds_is_reported() -> None:
    command(*DEMO, "--target", "5").done()
    ended = command("generate", "--target", "3").done()
    assert "generate: target of 3 reached before, the run holds 2 more: for fewer, use another --out" in ended.out
    assert len(rows(INSTRUCTIONS)) == 5


def test_a_start_that_fails_prints_no_summary_and_no_files() -> None:
    command(*DEMO, "--target", "5").done()
    ended = command("generate", "--target", "8", "--set", "generate.filters.length.min_words=9")
    ended.failed(2)
    assert ended.out == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--backend", "groq"], "backend 'groq' needs a key"),
        (["--backend", "ollama", "--model", "llama3.1"], "no Ollama server at"),
    ],
)
def test_a_first_start_without_a_model_leaves_no_folder(
    options: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", closed_port())
    for name in ("run", "generate"):
        ended = command(name, *options, "--target", "5", "--out", "runs/first")
        ended.failed(4, said)
        assert ended.out == ""
        assert not Path("runs").exists()
    Path("runs/first").mkdir(parents=True)
    Path("runs/first/notes.txt").write_text("mine")
    command("run", *options, "--target", "5", "--out", "runs/first").failed(4, said)
    assert [path.name for path in Path("runs/first").iterdir()] == ["notes.txt"]


def test_a_first_start_whose_only_request_is_refused_leaves_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk_of_an_account")
    with GroqServer(lambda _json, _n: error(401, "Invalid API Key"), key="gsk_of_an_account") as server:
        given = ("--backend", "groq", "--model", "llama-3.1-8b-instant", "--set", f"backend.base_url={server.url}")
        ended = command("generate", *given, "--target", "5")
        assert server.requests
    ended.failed(4)
    assert ended.out == ""
    assert not Path("runs").exists()


def test_a_summary_counts_answers_that_are_asked_for_again_apart_from_rejections() -> None:
    out = command("run", "--backend", "demo", "--target", "60").done().out
    classify = out.partition("classify: ")[2].partition("instances: ")[0].splitlines()
    assert classify[1] == "  60 accepted, 0 rejected of 60 candidates"
    found = re.fullmatch(
        r"  (\d+) answers missing or unusable, each asked for again while attempts are left:", classify[2]
    )
    assert found, classify
    assert sum(int(line.split()[0]) for line in classify[3:-1]) == int(found[1])


def test_a_summary_counts_requests_that_were_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = error(503, "overloaded", headers={"retry-after": "0.1"})
    monkeypatch.setenv("GROQ_API_KEY", "gsk_of_an_account")
    with GroqServer(lambda _json, n: busy if n == 0 else "1. Name three rivers.", key="gsk_of_an_account") as server:
        given = ("--backend", "groq", "--model", "llama-3.1-8b-instant", "--set", f"backend.base_url={server.url}")
        out = command("generate", *given, "--target", "1").done().out
    assert re.search(r"\d+ requests?, 1 retry, ", out), out


def test_a_users_own_filter_judges_by_the_config_file() -> None:
    strangers.write(Path(), strangers.FILTER, "my_filters")
    Path("selfinstruct.toml").write_text(
        'plugins = ["./my_filters.py"]\n[[generate.filters]]\nuse = "exact"\n'
        '[[generate.filters]]\nuse = "starts-with"\nletter = "D"\n'
    )
    command(*DEMO, "--target", "4").done()
    assert {row["instruction"][0] for row in rows(INSTRUCTIONS)} == {"D"}
    dropped = [row for row in rows(REJECTED) if row["filter"] == "starts-with"]
    assert dropped
    assert all(row["reason"] == "other-start" and row["evidence"]["start"] == row["text"][0] for row in dropped)


def test_a_users_own_filter_judges_by_flags_alone() -> None:
    strangers.write(Path(), strangers.FILTER, "my_filters")
    given = ["--plugin", "./my_filters.py", "--set", 'generate.filters=[{use="starts-with"}]']
    ended = command(*DEMO, "--target", "4", *given, "--set", "generate.filters.starts-with.letter=C").done()
    assert {row["instruction"][0] for row in rows(INSTRUCTIONS)} == {"C"}
    assert "starts-with: other-start" in ended.out


@pytest.mark.parametrize(
    ("judging", "words"),
    [
        ("raise RuntimeError('no luck')", "filter 'starts-with' failed in "),
        ("return True", "'starts-with' returned bool, not a Verdict"),
        ("return None", "'starts-with' returned NoneType, not a Verdict"),
    ],
)
def test_a_filter_that_fails_at_work_stops_the_run_resumably(judging: str, words: str) -> None:
    well = '        return keep() if item.text.startswith(self._letter) else drop("other-start", start=item.text[:1])'
    assert well in strangers.FILTER
    strangers.write(Path(), strangers.FILTER.replace(well, f"        {judging}"), "my_filters")
    given = [
        "--plugin",
        "./my_filters.py",
        "--set",
        'generate.filters=[{use="starts-with"}]',
        "--set",
        "run.lookahead=2",
    ]
    command(*DEMO, "--target", "2", *given).failed(3, words)
    strangers.write(Path(), strangers.FILTER, "my_filters")
    command("generate", "--target", "2").done()
    assert len(rows(INSTRUCTIONS)) == 2


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("sampler", "class Bad(Sampler):\n    def sample(self, view):\n        raise ValueError('no luck')\n"),
        (
            "encoder",
            "class Bad(PromptEncoder):\n    def encode(self, *given):\n        raise ValueError('no luck')\n",
        ),
        (
            "post_processor",
            "class Bad(PostProcessor):\n    def process(self, request, reply):\n        raise ValueError('no luck')\n",
        ),
    ],
)
def test_every_kind_of_component_that_fails_at_work_is_a_plugins_fault(kind: str, source: str) -> None:
    plugin = (
        "from selfinstruct.api import *\nfrom selfinstruct.api import Component, NoOptions, hookimpl, Sampler, "
        f"PromptEncoder, PostProcessor\n{source}\n@hookimpl\ndef selfinstruct_{kind}s():\n"
        "    return [Component('bad-one', 'Fails', NoOptions, lambda _: Bad(), ('generate',))]\n"
    )
    strangers.write(Path(), plugin, "mine")
    ended = command(*DEMO, "--target", "2", "--plugin", "./mine.py", "--set", f'generate.{kind}={{use="bad-one"}}')
    ended.failed(3, "ValueError: no luck", kind.replace("_", "-"))


# --- what stands in the way


@pytest.mark.parametrize("out", ["taken", "taken/below"])
def test_a_file_in_the_place_of_the_run_folder(out: str) -> None:
    Path("taken").write_text("x")
    command(*DEMO, "--out", out).failed(2, f"{out} cannot be made: a file is in the way", "Choose another --out.")


@pytest.mark.parametrize("line", [("generate", "--backend", "demo"), ("status",), ("doctor",), ("init",)])
@pytest.mark.parametrize("name", ["n" * 300, "/".join(["n" * 200] * 25)])
def test_a_name_that_is_too_long_for_a_file_is_the_users_to_change(line: tuple[str, ...], name: str) -> None:
    command(*line, *([] if line == ("init",) else ["--out"]), name).failed(2, "too long")


def test_a_database_that_is_none_of_ours() -> None:
    Path("g").mkdir()
    Path("g/run.sqlite").write_text("not a database at all, but long enough to look like one" * 100)
    for name in ("generate", "status", "export"):
        command(name, "--out", "g").failed(2, "g/run.sqlite is damaged: file is not a database")


def test_a_second_writer_in_one_process_is_refused() -> None:
    command(*DEMO, "--target", "2").done()
    store = RunStore.open(Path("runs/default"))
    try:
        ended = command("generate", "--target", "3")
        ended.failed(2, "runs/default is in use by another call of this process")
        assert "2 accepted" in command("status").done().out, "looking on is allowed"
        command("export").done()
    finally:
        store.close()
    command("generate", "--target", "3").done()


# --- models that cannot be used


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--backend", "groq"], ["backend 'groq' needs a key", "Set GROQ_API_KEY", "https://console.groq.com/keys"]),
        (["--backend", "groq", "--base-url", "URL", "--set", "backend.api_key=gsk_x"], ["URL", "Check the network"]),
        (["--backend", "ollama", "--base-url", "URL"], ["no Ollama server at URL", "ollama serve"]),
        (["--backend", "langchain", "--model", "nobody:gpt"], ["LangChain knows no provider 'nobody'"]),
    ],
)
def test_no_key_or_no_server_is_exit_4_and_says_what_to_do(args: list[str], words: list[str]) -> None:
    address = closed_port()
    ended = command("generate", "--target", "2", *(arg.replace("URL", address) for arg in args))
    ended.failed(4, *(word.replace("URL", address) for word in words))


def test_a_model_that_groq_does_not_offer() -> None:
    with GroqServer() as server:
        given = ["--base-url", server.url, "--set", "backend.api_key=gsk_test_key", "--set", "run.lookahead=1"]
        ended = command("generate", "--backend", "groq", "--target", "2", "--model", "llama-9", *given)
    ended.failed(4, "llama-9")


def test_a_key_that_groq_refuses() -> None:
    with GroqServer() as server:
        given = ["--base-url", server.url, "--set", "backend.api_key=gsk_wrong", "--model", "llama-3.1-8b-instant"]
        ended = command("generate", "--backend", "groq", "--target", "2", *given)
    ended.failed(4, "key")
    assert "gsk_wrong" not in ended.err


def test_a_model_that_ollama_does_not_have() -> None:
    with OllamaServer() as server:
        ended = command(
            "generate", "--backend", "ollama", "--base-url", server.url, "--model", "llama9", "--target", "2"
        )
    ended.failed(4, "llama9", "ollama pull llama9")


# --- words of a model or a server on a terminal

NASTY = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


def test_no_control_character_of_a_model_reaches_the_terminal() -> None:
    text = f"1. Name three {NASTY} rivers of Europe.\n2. Describe {NASTY} a lighthouse at dusk."
    with GroqServer(lambda _json, n: GroqAnswer(text.replace("three", str(n))), models=[f"llama-{NASTY}"]) as server:
        given = ["--base-url", server.url, "--set", "backend.api_key=gsk_test_key", "--set", "run.lookahead=1"]
        model = f"backend.model=llama-{NASTY}"
        ended = command("generate", "--backend", "groq", "--target", "1", "--set", model, *given,
                        "--set", 'generate.filters=[{use="exact"}]')  # fmt: skip
    assert ended.code == 0, ended.err
    for shown in (ended, command("status"), command("status", "--json"), command("export")):
        assert not controls(shown.done().out + shown.err)
    assert NASTY in rows(INSTRUCTIONS)[0]["metadata"]["response"]["choices"][0]["text"], "the record is exact"


def test_no_control_character_of_a_server_reaches_the_terminal() -> None:
    with GroqServer(lambda _json, _n: error(401, f"Invalid {NASTY} key", "invalid_api_key")) as server:
        given = ["--base-url", server.url, "--set", "backend.api_key=gsk_test_key", "--model", "llama-3.1-8b-instant"]
        ended = command("generate", "--backend", "groq", "--target", "1", *given)
    ended.failed(4, "owned")
    assert not controls(ended.out + ended.err)


def test_no_control_character_of_a_candidate_reaches_the_terminal_when_a_filter_fails_on_it() -> None:
    source = strangers.FILTER.replace("return keep() if", "return 5 if True else keep() if")
    strangers.write(Path(), source, "my_filters")
    with GroqServer(f"1. Name {NASTY} rivers.") as server:
        given = ["--base-url", server.url, "--set", "backend.api_key=gsk_test_key", "--model", "llama-3.1-8b-instant"]
        mine = ["--plugin", "./my_filters.py", "--set", 'generate.filters=[{use="starts-with"}]']
        ended = command("generate", "--backend", "groq", "--target", "1", *given, *mine)
    ended.failed(3, "not a Verdict, on: 'Name", 'Return keep() or drop("reason") from every path')
    assert not controls(ended.out + ended.err)


# --- status and export


def test_the_status_of_a_run() -> None:
    command(*DEMO, "--target", "4").done()
    out = command("status").done().out
    assert out.startswith("runs/default: backend demo (demo)\n")
    assert "  4 accepted, " in out
    status = json.loads(command("status", "--json").done().out)
    assert status["stages"]["generate"]["accepted"] == 4
    assert status["stages"]["generate"]["rejected"] == len(rows(REJECTED))
    assert sum(status["stages"]["generate"]["drops"].values()) == len(rows(REJECTED))
    assert status["backend"]["model"] == "demo"


@pytest.mark.parametrize("args", [["status"], ["status", "--json"], ["export"], ["export", "--to", "copy"]])
def test_a_run_that_is_not_there(args: list[str]) -> None:
    command(*args).failed(
        2,
        "there is no run in runs/default\nName another folder with --out, or start a run: "
        "selfinstruct run --out runs/default, in Python run()",
    )
    assert not list(Path().iterdir())


def test_a_run_that_ended_before_it_began_is_no_run_yet() -> None:
    RunStore.open(Path("runs/default")).close()
    command("status").failed(2, "there is no run in runs/default")
    command(*DEMO, "--target", "2").done()
    assert "2 accepted" in command("status").done().out


def test_an_export_brings_the_files_back_byte_for_byte() -> None:
    command(*DEMO, "--target", "4").done()
    before = INSTRUCTIONS.read_bytes(), REJECTED.read_bytes()
    INSTRUCTIONS.unlink()
    REJECTED.write_text("spoilt")
    out = command("export").done().out
    assert f"{INSTRUCTIONS}: 4 rows" in out
    assert (INSTRUCTIONS.read_bytes(), REJECTED.read_bytes()) == before


def wait_for(what: Any, seconds: float = 120.0) -> Any:
    """The first true answer of a function that is asked again and again."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found


def test_the_status_of_a_run_while_it_works_and_a_signal_that_ends_it(tmp_path: Path) -> None:
    args = ("selfinstruct", *DEMO, "--target", "100000", "--latency", "0.05", "--set", "run.lookahead=2")
    run = start("-m", *args, cwd=tmp_path, env=environment())
    try:

        def accepted() -> int:
            if not Path("runs/default/run.sqlite").is_file():
                return 0
            ended = command("status", "--json")
            return int(json.loads(ended.out)["stages"]["generate"]["accepted"]) if ended.code == 0 else 0

        seen = wait_for(accepted)
        at_work = json.loads(command("status", "--json").out)["at_work"]
        assert (at_work["pid"], at_work["stage"]) == (run.pid, "generate")
        assert f"process {run.pid} is working on it: generate, last reply" in command("status").out
        command("generate", "--target", "3").failed(2, f"in use by another process (pid {run.pid})")
        run.send_signal(signal.SIGINT)
        assert run.wait() == 5
    finally:
        run.kill()
    err = run.err()
    assert "stopping: waiting for replies under way" in err
    assert "stopped: interrupted\nRun the same command again to continue." in err
    assert "Traceback" not in err
    assert len(rows(INSTRUCTIONS)) >= seen
    assert len(rows(INSTRUCTIONS)) == accepted()
    assert json.loads(command("status", "--json").out)["at_work"] is None


def test_more_at_once_than_the_lookahead_allows_is_reported() -> None:
    ended = command("generate", "--backend", "demo", "--target", "5", "--concurrency", "64").done()
    assert "at most 16 requests are sent simultaneously, the lookahead of this run" in ended.err
    assert "at once" not in command("generate", "--backend", "demo", "--target", "6", "--concurrency", "8").done().err
