"""`selfinstruct doctor` says what is well, and how to fix what is not. It requests and writes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Ended, command, environment
from tests.faults.test_odd_machines import heedful, read_only
from tests.servers.groq_server import CHAT, GroqServer
from tests.servers.ollama_server import OllamaServer

KEY = "gsk_a_key_of_the_doctor"
LLAMA = "llama-3.1-8b-instant"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GROQ_API_KEY", "OLLAMA_HOST", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)


def checks(ended: Ended) -> dict[str, dict[str, Any]]:
    """What `--json` says, by the names of the checks."""
    report = json.loads(ended.out)
    found = {check["name"]: check for check in report["checks"]}
    assert report["ok"] == all(check["ok"] for check in found.values()) == (ended.code == 0)
    return found


def doctor(*args: str | Path) -> dict[str, dict[str, Any]]:
    return checks(command("doctor", "--json", *args))


def test_all_is_well_with_the_demo_and_nothing_is_written() -> None:
    ended = command("doctor", "--backend", "demo").done()
    for words in (
        "selfinstruct",
        "kernel",
        "175 seed tasks",
        "are free",
        "largest number of tokens in a request: generate",
    ):
        assert words in ended.out
    assert "FAIL" not in ended.out
    assert list(Path().iterdir()) == []


def test_a_server_that_is_there_with_its_key_its_model_and_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    with GroqServer(key=KEY) as server:
        ended = command("doctor", "--json", "--backend", "groq", "--base-url", server.url)
        found = checks(ended)
    assert found["model"]["detail"] == LLAMA
    assert "the model's context is 131,072 tokens" in found["context"]["detail"]
    assert not server.sent_to(CHAT)
    assert KEY not in ended.out + ended.err


def test_no_key() -> None:
    ended = command("doctor", "--backend", "groq")
    assert ended.code == 4
    assert "FAIL" in ended.out
    assert "Set GROQ_API_KEY" in ended.out


def test_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    with GroqServer(key="another") as server:
        ended = command("doctor", "--json", "--backend", "groq", "--base-url", server.url)
    assert ended.code == 4
    assert not checks(ended)["model"]["ok"]
    assert KEY not in ended.out + ended.err


def test_a_key_in_an_env_file_is_found() -> None:
    Path(".env").write_text(f"GROQ_API_KEY={KEY}\n")
    with GroqServer(key=KEY) as server:
        assert doctor("--backend", "groq", "--base-url", server.url)["key"]["ok"]


def test_no_server_and_no_model() -> None:
    assert doctor("--backend", "ollama", "--base-url", "http://127.0.0.1:9")["server"]["fix"] == (
        "Start it with: ollama serve; or correct the address, in base_url or OLLAMA_HOST."
    )
    with OllamaServer(models={}) as server:
        found = doctor("--backend", "ollama", "--base-url", server.url)
    assert "ollama pull llama3.1" in found["model"]["fix"]


def test_a_context_that_is_too_small_for_the_recipe() -> None:
    with OllamaServer(models={"llama3.1:latest": 1024}) as server:
        ended = command("doctor", "--json", "--backend", "ollama", "--base-url", server.url)
    found = checks(ended)["context"]
    assert ended.code == 4
    assert "the model's context is 1,024 tokens" in found["detail"]
    assert "larger context" in found["fix"]
    assert "num_ctx" in found["fix"]


def test_limits_of_the_config_and_how_many_at_once() -> None:
    found = doctor("--backend", "demo", "--set", "limits.tokens_per_minute=6000", "--concurrency", "4")
    assert found["limits"]["detail"] == "6,000 tokens per minute; 4 simultaneous requests"


def test_the_judges_own_backend_is_looked_at_too() -> None:
    with OllamaServer(models={"llama3.1:latest": 1200}) as server:
        judge = ["judge.backend.use=ollama", f"judge.backend.base_url={server.url}", "judge.limits.requests_per_day=9"]
        given = [part for setting in judge for part in ("--set", setting)]
        ended = command("doctor", "--json", "--backend", "demo", *given)
    checks = [check for check in json.loads(ended.out)["checks"] if check["name"] in ("context", "limits")]
    own, of_judge = ({one["name"]: one for one in checks if one["area"] == area} for area in ("backend", "judge"))
    assert "judge" not in own["context"]["detail"]
    assert own["context"]["ok"]
    assert "largest number of tokens in a request: judge" in of_judge["context"]["detail"]
    assert not of_judge["context"]["ok"], "eight examples and the replies to them do not fit into 1,200 tokens"
    assert of_judge["limits"]["detail"].startswith("9 requests per day")
    assert ended.code == 4


def test_a_broken_plugin_is_named_with_its_cause() -> None:
    Path("bad.py").write_text("import no_such_module_anywhere\n")
    ended = command("doctor", "--backend", "demo", "--plugin", "bad.py")
    assert ended.code == 3
    assert "no_such_module_anywhere" in ended.out


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[run]\nlookahaed = 3", "lookahaed"),
        ("[run", "selfinstruct.toml"),
        ('[run]\nseeds = "none.jsonl"', "none.jsonl"),
    ],
)
def test_a_config_that_cannot_be_used(config: str, words: str) -> None:
    Path("selfinstruct.toml").write_text(config)
    ended = command("doctor", "--backend", "demo")
    assert ended.code == 2
    assert words in ended.out
    assert "can be written" in ended.out, "what can be looked at is looked at"


def test_a_file_in_the_place_of_the_folder_and_a_foreign_database() -> None:
    Path("file").touch()
    assert not doctor("--backend", "demo", "--out", "file/run")["writable"]["ok"]
    command("generate", "--backend", "demo", "--target", "3", "--out", "run").done()
    assert "3 accepted" in doctor("--backend", "demo", "--out", "run")["run"]["detail"]
    next(Path("run").glob("*.sqlite")).write_bytes(b"something else")
    ended = command("doctor", "--backend", "demo", "--out", "run")
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    line = [
        *heedful(),
        sys.executable,
        "-m",
        "selfinstruct",
        "doctor",
        "--json",
        "--backend",
        "demo",
        "--out",
        "disk/run",
    ]
    with read_only(tmp_path / "disk"):
        ended = subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=240, check=False)
    found = checks(Ended(ended.returncode, ended.stdout, ended.stderr))
    assert ended.returncode == 2
    assert "cannot be written: Permission denied" in found["writable"]["detail"]


def test_a_kernel_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "abacus")
    ended = command("doctor", "--json", "--backend", "demo")
    assert ended.code == 2
    assert "abacus" in checks(ended)["similarity"]["detail"]


def test_a_check_of_a_plugin_that_fails_is_the_plugins_fault() -> None:
    Path("own.py").write_text(
        "from selfinstruct.api import *\n"
        "class Odd(Backend):\n"
        "    def chat_model(self, sampling): ...\n"
        "    def check(self): raise KeyError('x')\n"
        "@hookimpl\n"
        "def selfinstruct_backends(): return [Component('odd', 'Odd', NoOptions, lambda _: Odd())]\n"
    )
    ended = command("doctor", "--json", "--backend", "odd", "--plugin", "own.py")
    assert ended.code == 3
    assert "failed in its own check: KeyError" in checks(ended)["odd"]["detail"]
