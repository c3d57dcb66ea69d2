"""What a run remembers of its config: enough to refuse another one, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfinstruct.store import RunStore
from tests import third_party_plugins as strangers
from tests.command_line import command
from tests.servers.groq_server import GroqServer
from tests.servers.ollama_server import OllamaServer

TASKS = "1. Name three rivers of Europe.\n2. Describe a lighthouse at dusk.\n3. Explain how bread rises."


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GROQ_API_KEY", "GROQ_API_BASE", "GROQ_BASE_URL", "OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def start_run(*args: str) -> None:
    """Begin a run with the demo backend."""
    command("generate", "--backend", "demo", "--target", "2", *args).done()


# --- what may not change


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--seed", "7"], "run.seed: 42 in the run, now 7"),
        (["--set", "run.lookahead=3"], "run.lookahead: 16 in the run, now 3"),
        (["--backend", "groq"], "backend.use: demo in the run, now groq"),
        (["--backend", "demo", "--cut", "0.5"], "backend.cut: 0.06 in the run, now 0.5"),
        (["--set", "generate.sampler.total=6"], "generate.sampler.total: 8 in the run, now 6"),
        (["--set", "generate.filters.rouge-l.threshold=0.5"], ".threshold: 0.7 in the run, now 0.5"),
        (["--set", "generate.sampling.temperature=0.1"], "generate.sampling.temperature: not set in the run, now 0.1"),
        (["--set", 'generate.filters=[{use="exact"}]'], "generate.filters: cut, "),
    ],
)
def test_a_run_refuses_another_setting_and_names_it_with_both_values(args: list[str], words: str) -> None:
    start_run()
    before = Path("runs/default/machine_generated_instructions.jsonl").read_bytes()
    ended = command("generate", "--target", "9", *args)
    ended.failed(2, "runs/default started with other settings:", words, "Use another --out")
    assert Path("runs/default/machine_generated_instructions.jsonl").read_bytes() == before


def test_a_run_refuses_other_seeds() -> None:
    from selfinstruct.config.seeds import builtin_seeds

    start_run()
    lines = builtin_seeds().read_text("utf-8").splitlines()
    Path("mine.jsonl").write_text("\n".join(lines[:20]), "utf-8")
    ended = command("generate", "--target", "9", "--seeds", "mine.jsonl")
    ended.failed(2, "runs/default started with other seeds", "Use another --out for other seeds")


def test_the_same_seeds_in_another_place_are_the_same_seeds() -> None:
    from selfinstruct.config.seeds import builtin_seeds

    start_run()
    Path("copy.jsonl").write_bytes(builtin_seeds().read_bytes())
    assert "target of 4 reached" in command("generate", "--target", "4", "--seeds", "copy.jsonl").done().out


# --- what may


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--concurrency", "2"],
        ["--latency", "0.001"],
        ["--backend", "demo"],
        ["--recipe", "chat"],
        ["--set", "run.concurrency=1"],
        ["--set", "run.on_plugin_error=quarantine"],
        ["--set", "limits.requests_per_minute=1000"],
        ["--set", "generate.patience=9"],
        ["--set", "generate.max_candidates=500"],
        ["--quiet"],
    ],
)
def test_what_cannot_change_a_result_may_change(args: list[str]) -> None:
    start_run()
    assert "generate: target of 4 reached" in command("generate", "--target", "4", *args).done().out


def test_address_timeout_and_key_may_change_between_commands() -> None:
    for key, timeout in (("gsk_first", 5), ("gsk_second", 6)):
        with GroqServer(lambda _json, n: TASKS.replace("three", f"{n + 3}"), key=key) as server:
            Path("c.toml").write_text(
                f'[backend]\nuse = "groq"\nmodel = "llama-3.1-8b-instant"\napi_key = "{key}"\n'
                f'base_url = "{server.url}"\ntimeout = {timeout}\n'
            )
            target = "2" if timeout == 5 else "3"
            ended = command("generate", "--config", "c.toml", "--target", target, "--set", "run.lookahead=1")
            assert f"target of {target} reached" in ended.done().out


def test_a_file_plugin_is_remembered_and_may_be_spelt_otherwise() -> None:
    strangers.write(Path(), strangers.FILTER, "my_filters")
    only = 'generate.filters=[{use="starts-with", letter="W"}]'
    start_run("--plugin", "./my_filters.py", "--set", only)
    for spelling in ([], ["--plugin", "my_filters.py"], ["--plugin", str(Path("my_filters.py").resolve())]):
        command("generate", "--target", "2", *spelling).done()


@pytest.mark.parametrize(("edit", "code"), [("target = 4", 0), ("sampler = { use = 'paper', total = 6 }", 2)])
def test_an_edit_of_the_config_file_counts_in_a_run_that_has_started(edit: str, code: int) -> None:
    Path("selfinstruct.toml").write_text("[backend]\nuse = 'demo'\n[generate]\ntarget = 2\n")
    command("generate").done()
    Path("selfinstruct.toml").write_text(f"[backend]\nuse = 'demo'\n[generate]\n{edit}\n")
    ended = command("generate")
    assert ended.code == code
    assert ("target of 4 reached" in ended.out) if code == 0 else ("generate.sampler.total: 8 in the run" in ended.err)


def test_a_key_in_the_config_file_is_read_again_when_a_run_continues() -> None:
    with GroqServer(lambda _json, n: TASKS.replace("three", f"{n + 3}"), key="gsk_in_toml") as server:
        Path("selfinstruct.toml").write_text(
            '[backend]\nuse = "groq"\nmodel = "llama-3.1-8b-instant"\napi_key = "gsk_in_toml"\n'
            f'base_url = "{server.url}"\n[run]\nlookahead = 1\n'
        )
        command("generate", "--target", "2").done()
        assert "target of 3 reached" in command("generate", "--target", "3").done().out


def test_a_run_without_requests_may_start_again_with_other_settings() -> None:
    command("generate", "--backend", "groq", "--target", "2").failed(4, "backend 'groq' needs a key")
    start_run()


def test_flags_of_the_first_command_hold_where_the_config_file_stays_as_it_was() -> None:
    Path("selfinstruct.toml").write_text("[backend]\nuse = 'groq'\n[run]\nseed = 5\n")
    command("generate", "--backend", "demo", "--seed", "6", "--target", "2").done()
    assert "target of 3 reached" in command("generate", "--target", "3").done().out
    Path("selfinstruct.toml").write_text("[backend]\nuse = 'groq'\n[run]\nseed = 7\n")
    command("generate", "--target", "4").failed(2, "run.seed: 6 in the run, now 7")


def test_a_run_continues_without_the_config_file_it_started_with() -> None:
    Path("c.toml").write_text("[backend]\nuse = 'demo'\n[run]\nseed = 5\n")
    Path("selfinstruct.toml").write_text("[run]\nseed = 6\n")
    command("generate", "--config", "c.toml", "--target", "2").done()
    command("generate", "--target", "3").done()
    Path("c.toml").unlink()
    command("generate", "--target", "4").done()
    command("generate", "--target", "5", "--config", "selfinstruct.toml").failed(2, "run.seed: 5 in the run, now 6")


def test_a_mistake_in_the_config_file_can_be_fixed_before_the_first_request() -> None:
    Path("selfinstruct.toml").write_text("[backend]\nuse = 'groq'\n")
    command("generate", "--target", "2").failed(4, "backend 'groq' needs a key")
    Path("selfinstruct.toml").write_text("[backend]\nuse = 'demo'\n[run]\nseed = 5\n")
    command("generate", "--target", "2").done()


# --- secrets

SECRETS = (
    "gsk_hidden_in_toml",
    "hidden_in_kwargs",
    "hidden_login",
    "hidden_header",
    "hidden_in_query",
    "hidden_in_list",
)


def recorded(folder: Path) -> bytes:
    """Every byte that a run left behind."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_secret_of_the_config_is_ever_recorded() -> None:
    with GroqServer(TASKS, key=SECRETS[0]) as server:
        Path("selfinstruct.toml").write_text(
            f"""
            [backend]
            use = "groq"
            model = "llama-3.1-8b-instant"
            api_key = "{SECRETS[0]}"
            base_url = "{server.url}"
            [backend.extra_body.extra_body]
            user = "someone"
            proxy_token = "{SECRETS[1]}"
            address = "https://me:{SECRETS[2]}@example.org/"
            hook = "https://example.org/hook?api_key={SECRETS[4]}"
            headers = [{{ Authorization = "{SECRETS[3]}" }}, {{ x = ["a", "Bearer {SECRETS[5]}"] }}]
            """
        )
        ended = command("generate", "--target", "2", "--set", "run.lookahead=1").done()
        assert server.chats[0]["proxy_token"] == SECRETS[1], "the provider is sent what the user wrote"
    left = recorded(Path("runs"))
    assert b"someone" in left, "what is no secret is recorded, so the search below looks at the right bytes"
    for secret in SECRETS:
        assert secret.encode() not in left
        assert secret not in ended.out + ended.err


def test_a_key_that_the_server_quotes_is_masked_everywhere() -> None:
    from tests.servers.groq_server import error

    key = "gsk_hidden_but_quoted"
    with GroqServer(lambda _json, _n: error(401, f"Invalid API key {key}", "invalid_api_key"), key=key) as server:
        Path("selfinstruct.toml").write_text(
            f'[backend]\nuse = "groq"\nmodel = "llama-3.1-8b-instant"\napi_key = "{key}"\nbase_url = "{server.url}"\n'
        )
        ended = command("generate", "--target", "2")
    ended.failed(4)
    assert key not in ended.out + ended.err
    assert key.encode() not in recorded(Path("runs"))


def test_an_option_that_a_plugin_declares_secret_is_not_recorded() -> None:
    source = """
from pydantic import Field, SecretStr
from selfinstruct.api import Component, Filter, Options, hookimpl, keep

class Own(Options):
    service_key: SecretStr = Field(description="Of the service that judges.")

class Judge(Filter):
    def __init__(self, options):
        self.options = options

    def evaluate(self, item):
        assert self.options.service_key.get_secret_value() == "hidden_in_a_filter"
        return keep()

@hookimpl
def selfinstruct_filters():
    return [Component("service", "Ask a service", Own, Judge, ("generate",))]
"""
    strangers.write(Path(), source, "service")
    Path("selfinstruct.toml").write_text(
        'plugins = ["./service.py"]\n[[generate.filters]]\nuse = "service"\nservice_key = "hidden_in_a_filter"\n'
    )
    start_run()
    assert b"hidden_in_a_filter" not in recorded(Path("runs"))


def test_the_versions_of_all_plugins_are_recorded() -> None:
    start_run()
    store = RunStore.open_readonly(Path("runs/default"))
    versions = store.facts.plugins
    store.close()
    assert set(versions) >= {"chat", "demo", "filters", "paper"}


def test_the_key_of_an_ollama_server_comes_from_the_environment_and_stays_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with OllamaServer(TASKS) as server:
        monkeypatch.setenv("OLLAMA_API_KEY", "hidden_in_the_environment")
        command("generate", "--backend", "ollama", "--base-url", server.url, "--target", "2").done()
        assert server.requests[-1].headers["authorization"] == "Bearer hidden_in_the_environment"
    assert b"hidden_in_the_environment" not in recorded(Path("runs"))
