"""What a user sees on the command line of what servers do to the real clients of OpenAI and Anthropic."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from selfinstruct.engine.retry_policy import RetryPolicy
from tests.clients.catalog import CLIENTS_WARN, KEY
from tests.command_line import Ended, command
from tests.faults.clock import run_clock
from tests.servers.client_server import ClientServer, Said, failure
from tests.servers.loopback import HTML, LoopbackServer, Received, ServerFault, Wire
from tests.servers.protocols import body_of

pytestmark = CLIENTS_WARN

TASKS = Said("1. Name three rivers of Asia.\n2. Suggest names for a new bakery.\n3. Explain why the sky is blue.")
HEADER = "gate-0123456789-hidden"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ClientServer) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("NVIDIA_API_KEY", KEY)
    for name in ("OPENAI_API_BASE", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    quick = partial(RetryPolicy, attempts=2, first=0.01, longest=0.01)
    monkeypatch.setattr("selfinstruct.run.run.RetryPolicy", quick)
    server.says = TASKS


def run(address: str, *more: str, model: str = "openai:m", stage: str = "generate") -> Ended:
    """One command about one run, whose replies are free text; the key is in no line of it."""
    given = ("--backend", "langchain", "--model", model, "--base-url", address, "--set", "run.structured=false")
    target = ("--target", "3") if stage in ("generate", "run") else ()
    ended = command(stage, *given, "--set", "run.lookahead=1", "--out", "run", *target, *more)
    assert KEY not in ended.out + ended.err
    return ended


def test_a_refused_key_of_a_stage_of_its_own_is_named_with_stage_and_address(server: ClientServer) -> None:
    server.says = failure(401, "Incorrect API key provided")
    address = f"{server.url}/v1"
    own = f"judge.backend={{use='langchain', model='openai:m', base_url='{address}', api_key='other'}}"
    command("run", "--backend", "demo", "--target", "3", "--out", "run", "--quiet").done()
    command("judge", "--out", "run", "--set", own).failed(4, "judge.backend: the provider refused the key", address)


# --- answers ----------------------------------------------------------------------------------------------------------


class Dripping(LoopbackServer):
    """Sends a good answer, and before it a space every `gap` seconds, `spaces` times."""

    spaces, gap = 0, 0.05

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        wire.head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked", "Connection": "close"})
        for _ in range(self.spaces):
            wire.chunk(b" ")
            time.sleep(self.gap)
        wire.chunk(json.dumps(body_of(request.path, TASKS)).encode())
        wire.chunk(b"")


def test_an_answer_in_slow_chunks_is_read_and_one_without_end_is_given_up_at_the_timeout() -> None:
    with Dripping() as dripping:
        dripping.spaces = 1000
        ended = run(f"{dripping.url}/v1", "--timeout", "0.4")
        ended.failed(5, "the provider did not answer in 2 attempts: no answer within 0.4 s")
        assert len(dripping.requests) == 2
        dripping.spaces = 3
        run(f"{dripping.url}/v1", "--timeout", "60").done()


def test_a_request_that_the_server_calls_too_large_is_answered_with_what_to_lower(server: ClientServer) -> None:
    page = "<html><head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>"
    server.says = ServerFault(413, page, {"Content-Type": "text/html"})
    run(f"{server.url}/v1").failed(4, "the request is too long", "Lower [generate.sampling] max_tokens")
    assert len(server.chats) == 1


def test_max_tokens_above_the_limit_of_the_model_is_named(server: ClientServer) -> None:
    server.says = failure(400, "max_tokens is too large: 9999. This model supports at most 4096 completion tokens")
    hint = "Lower it, or leave it out: --set generate.sampling.max_tokens=unset\n"
    run(f"{server.url}/v1").failed(4, "max_tokens is more than the model can write", "at most 4096", hint)
    assert len(server.chats) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        ServerFault(422, {"detail": [{"loc": ["body", "temperature"], "msg": "Input should be less than 0.1"}]}),
        failure(400, "Unsupported parameter: 'temperature' is not supported with this model."),
    ],
    ids=["422", "400"],
)
def test_a_refused_setting_is_paid_for_once_and_the_hint_leaves_it_out_of_every_stage(
    server: ClientServer, refusal: ServerFault
) -> None:
    server.says = lambda request: refusal if "temperature" in request.json else _any_stage(request)
    refused = run(f"{server.url}/v1", stage="run")
    refused.failed(4, "the model does not take temperature")
    assert len(server.chats) == 1
    hint = re.findall(r"--set \S+", refused.err)
    assert hint == [f"--set {stage}.sampling.temperature=unset" for stage in ("generate", "classify", "instances")]
    options = [word for option in hint for word in option.split()]
    assert "prepare: complete" in run(f"{server.url}/v1", *options, stage="run").done().out


def _any_stage(request: Received) -> Said:
    """What suits each stage, known by its prompt."""
    prompt = str(request.json["messages"])
    count = len(re.findall(r"rivers of Asia|new bakery|sky is blue", prompt))
    if "classification" in prompt.lower():
        return Said("\n".join(f"{number}. No" for number in range(1, count + 1)))
    return Said("Output: The Indus, the Mekong and the Yangtze.") if count else TASKS


def test_a_limit_is_waited_for_as_the_header_of_the_drafts_says(server: ClientServer) -> None:
    says: Iterator[Said | ServerFault] = iter(
        [failure(429, "Slow down", headers={"RateLimit": '"minute";r=9;t=4, "hour";r=0;t=40'}), TASKS]
    )
    server.says = lambda _: next(says)
    with run_clock():
        out = run(f"{server.url}/v1", "--json").done().out
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["wait"] for event in events if event["event"] == "retried"] == [40.0]


# --- the way there ----------------------------------------------------------------------------------------------------


def test_a_connection_error_names_the_address(server: ClientServer) -> None:
    server.stop()
    ended = run(f"{server.url}/v1")
    ended.failed(5, f"did not answer in 2 attempts: no answer from {server.url}/v1/chat/completions: ")
    assert "Nothing listens at this address: start the server, or correct base_url." in ended.err


@pytest.mark.parametrize(
    ("says", "hint"),
    [
        (failure(500, "CUDA out of memory"), "The server answers with errors: look at its log"),
        (ServerFault(hang_up="reset"), "The server ends connections without an answer: look at its log"),
        (ServerFault(delay=9.0), "The server is too slow for the timeout: raise it (--timeout)"),
    ],
)
def test_a_server_that_does_not_answer_is_a_cause_that_may_pass_in_every_stage(
    server: ClientServer, says: ServerFault, hint: str
) -> None:
    address, timeout = f"{server.url}/v1", ("--timeout", "0.3")
    server.says = _any_stage
    run(address).done()
    server.says = says
    for stage in ("generate", "instances"):
        more = ("--target", "60") if stage == "generate" else ()
        run(address, *timeout, *more, stage=stage).failed(5, hint, "Nothing is lost: run the same command again")


@pytest.mark.parametrize("model", ["openai:m", "openai:gpt-5-pro", "anthropic:m", "nvidia:m"])
def test_a_page_in_place_of_a_reply_is_answered_with_the_address_to_check(server: ClientServer, model: str) -> None:
    server.says = HTML
    ended = run(server.url, model=model)
    ended.failed(5, "the client's JSON, such as a web page", "Check the address, base_url.")


def test_an_outage_after_replies_is_not_blamed_on_the_address(server: ClientServer) -> None:
    run(f"{server.url}/v1").done()
    server.says = HTML
    ended = run(f"{server.url}/v1", "--target", "9")
    ended.failed(5, "a web page", "run the same command again when it answers.")
    assert "base_url" not in ended.err


@pytest.mark.parametrize(
    ("model", "end"), [("openai:m", "in /v1"), ("anthropic:m", "without /v1"), ("google_genai:m", "without /v1beta")]
)
def test_the_hint_about_an_address_is_that_of_the_provider(
    server: ClientServer, monkeypatch: pytest.MonkeyPatch, model: str, end: str
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    server.says = failure(404, "Not Found")
    run(server.url, model=model).failed(4, "does not know this model or address", f"base_url ends {end}")


def test_https_where_the_server_speaks_http_ends_the_run_at_once(server: ClientServer) -> None:
    ended = run(f"{server.url.replace('http:', 'https:')}/v1")
    ended.failed(4, "the server at this address does not speak https", "Write http:// in place of https://")


@pytest.mark.parametrize("model", ["openai:m", "anthropic:m"])
def test_a_refused_key_is_named_by_its_variable(server: ClientServer, model: str) -> None:
    server.says = failure(401, "Wrong key")
    variable = f"{model.partition(':')[0].upper()}_API_KEY"
    ended = run(f"{server.url}/v1", model=model)
    ended.failed(4, "the provider refused the key", f"The key in {variable} was refused")
    assert "Set " not in ended.err


@pytest.mark.parametrize("model", ["openai:m", "openai:gpt-5-pro", "anthropic:m", "nvidia:m"])
def test_no_header_goes_along_to_another_host(server: ClientServer, model: str) -> None:
    with ClientServer() as stranger:
        elsewhere = stranger.url.replace("127.0.0.1", "localhost")
        server.says = ServerFault(307, "", {"Location": f"{elsewhere}/v1/messages"})
        headers = f'backend.kwargs.default_headers={{"X-Gate-Key" = "{HEADER}"}}'
        ended = run(f"{server.url}/v1", "--set", headers, model=model)
        ended.failed(4, "sends requests on to another one, localhost", "Set base_url to the right address")
        assert server.chats[0].headers["x-gate-key"] == HEADER
        assert stranger.requests == []
        assert HEADER not in ended.err


def test_a_redirect_on_the_same_server_is_followed(server: ClientServer) -> None:
    moved = ServerFault(307, "", {"Location": f"{server.url}/v1/chat/completions"})
    server.says = lambda request: moved if request.path.startswith("/old") else TASKS
    run(f"{server.url}/old").done()


@pytest.fixture(scope="module")
def untrusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key with a certificate for this computer that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(key.private_bytes(*plain) + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("model", ["openai:m", "anthropic:m"])
def test_a_certificate_that_is_not_trusted_ends_the_run_at_once(
    server: ClientServer, untrusted: Path, model: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(untrusted)
    server.wrap(context)
    address = server.url.replace("http://127.0.0.1", "https://localhost")
    ended = run(f"{address}/v1", model=model)
    ended.failed(4, "the server's certificate cannot be checked", "self-signed certificate", "Check base_url")
    assert server.requests == []


# --- stages in vain ---------------------------------------------------------------------------------------------------


def counts(ended: Ended, stage: str) -> list[str]:
    """The first lines about a stage, without colons: what was kept, and what was missing."""
    lines = re.split(rf"^{stage}\b.*\n", ended.out, flags=re.MULTILINE)[1].splitlines()
    return [line.rstrip(":") for line in lines if "accepted, " in line or "missing or unusable" in line]


def test_what_is_wrong_with_the_whole_account_costs_no_instruction(server: ClientServer) -> None:
    server.says = _any_stage
    run(f"{server.url}/v1").done()
    run(f"{server.url}/v1", stage="classify").done()
    server.says = failure(400, "Your plan was changed by your administrator")
    one_by_one = ("--concurrency", "1")
    for _ in range(3):
        run(f"{server.url}/v1", *one_by_one, stage="instances").failed(4, "requests all failed: HTTP 400: Your plan")
    server.says = _any_stage
    ended = run(f"{server.url}/v1", *one_by_one, stage="instances").done()
    assert "instances: complete\n" in ended.out
    assert "3 accepted, " in ended.out


def test_a_stage_without_one_usable_answer_says_so_and_status_counts_the_same(server: ClientServer) -> None:
    run(f"{server.url}/v1").done()
    server.says = Said("I would rather talk about the weather.")
    ended = run(f"{server.url}/v1", stage="classify")
    ended.failed(4, "but nothing could be used (6 missing-from-reply)", "To ask again: --set classify.attempts=4")
    assert counts(ended, "classify") == counts(command("status", "--out", "run").done(), "classify") != []
    server.says = _any_stage
    run(f"{server.url}/v1", "--set", "classify.attempts=4", stage="classify").done()


def test_a_server_that_ignores_the_schema_is_named_once(server: ClientServer) -> None:
    with_schema = ("--set", "run.structured=true")
    ended = run(f"{server.url}/v1", *with_schema).done()
    note = "replies: the first one of generate is free text, so the server may ignore the schema"
    assert ended.err.count(note) == 1
    server.says = Said('{"tasks": [{"instruction": "Name a lake of Africa.", "is_classification": false}]}')
    assert "free text" not in run(f"{server.url}/v1", *with_schema, "--target", "4").err


def test_a_stage_at_another_server_gets_its_key_from_the_command(server: ClientServer) -> None:
    command("run", "--backend", "demo", "--target", "3", "--out", "run", "--quiet").done()
    table = f"[judge.backend]\nuse = 'langchain'\nmodel = 'openai:m'\nbase_url = '{server.url}/v1'\n"
    Path("selfinstruct.toml").write_text(table, "utf-8")
    server.says = failure(401, "Incorrect API key provided")
    command("judge", "--out", "run", "--set", "judge.backend.api_key=key-of-the-judge").failed(4, "judge.backend")
    assert server.requests[-1].headers["authorization"] == "Bearer key-of-the-judge"


def test_examples_that_are_all_dropped_are_no_success_either(server: ClientServer) -> None:
    run(f"{server.url}/v1").done()
    server.says = Said("Output:")
    run(f"{server.url}/v1", stage="instances").done()
    assert "prepare: complete, but nothing could be used (" in command("prepare", "--out", "run").done().out


def test_a_stage_whose_requests_all_fail_is_an_error_however_often_it_is_tried(server: ClientServer) -> None:
    server.says = _any_stage
    run(f"{server.url}/v1").done()
    server.says = failure(400, "Rejected by our content policy")
    for _ in range(3):
        ended = run(f"{server.url}/v1", stage="classify")
        ended.failed(4, "the last 2 requests all failed: the provider's filter refused")
        assert counts(ended, "classify") == counts(command("status", "--out", "run").done(), "classify") != []
    server.says = _any_stage
    assert "classify: complete\n" in run(f"{server.url}/v1", stage="classify").done().out
