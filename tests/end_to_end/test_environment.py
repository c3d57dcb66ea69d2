"""Environment variables that HTTP clients cannot use are named, and a server on this computer works regardless."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from selfinstruct.engine.plugin_calls import call_plugin
from selfinstruct.errors import ModelError
from tests.command_line import environment
from tests.project import Project
from tests.servers.ollama_server import OllamaServer

TASKS = "\n".join(f"{n}. Describe the {word} of a river." for n, word in enumerate(("colour", "sound", "birth"), 1))
GONE = "/nowhere/certificates.pem"
ODD = [
    ("NO_PROXY", "[::1]", "NO_PROXY is '[::1]'", "without brackets"),
    ("no_proxy", "::/0", "no_proxy is '::/0'", "without a slash"),
    ("SSL_CERT_FILE", GONE, f"SSL_CERT_FILE is {GONE}", "Unset SSL_CERT_FILE"),
    ("ALL_PROXY", "socks5://me:hidden@127.0.0.1:9", "ALL_PROXY names a SOCKS proxy", "httpx[socks]"),
]

WATCHED = """
import os
from selfinstruct_ollama import OllamaOptions, build
def forbidden(*_): raise AssertionError("the environment was changed")
for name in ("__setitem__", "__delitem__", "pop", "update", "clear"):
    setattr(type(os.environ), name, forbidden)
build(OllamaOptions())
"""


@pytest.mark.parametrize(("name", "value"), [case[:2] for case in ODD])
def test_a_server_on_this_computer_is_reached_whatever_the_environment(project: Project, name: str, value: str) -> None:
    with OllamaServer(TASKS) as server:
        project.env = {name: value}
        project.args = ("--backend", "ollama", "--base-url", server.url, "--model", "llama3.1")
        project.run("generate", "--target", "1").succeeded()


@pytest.mark.parametrize(("name", "value"), [("HTTP_PROXY", "http://127.0.0.1:9"), ODD[0][:2]])
def test_the_environment_stays_as_it_is_while_a_client_is_imported(name: str, value: str) -> None:
    subprocess.run([sys.executable, "-c", WATCHED], env={**environment(), name: value}, check=True, timeout=240)


@pytest.mark.parametrize(("name", "value", "said", "hint"), ODD)
def test_elsewhere_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str, hint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ModelError) as caught:
        call_plugin("the backend", "the model", httpx.Client)
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "hidden" not in str(caught.value)


def test_an_unknown_kernel_is_refused_before_anything_is_asked(project: Project) -> None:
    with OllamaServer(TASKS) as server:
        project.env = {"SELFINSTRUCT_KERNEL": "bogus"}
        project.args = ("--backend", "ollama", "--base-url", server.url, "--model", "llama3.1")
        refused = project.run("generate", "--target", "1")
    assert refused.code == 2, refused.stderr
    assert "SELFINSTRUCT_KERNEL is 'bogus'" in refused.stderr
    assert server.requests == []
    assert not project.folder.exists()


NOISY = """
import logging, warnings
from selfinstruct.api import hookimpl

@hookimpl
def selfinstruct_stage_started(stage):
    logging.getLogger("langchain").warning("a line of a client")
    warnings.warn("a warning of a client")
"""


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_log_lines_of_clients_are_not_among_ours_unless_debug_is_given(
    project: Project, debug: tuple[str, ...]
) -> None:
    plugin = project.folder.parent / "noisy.py"
    plugin.write_text(NOISY)
    grown = project.run("generate", "--target", "3", "--plugin", str(plugin), *debug).succeeded()
    assert ("a line of a client" in grown.stderr) == bool(debug)
    assert ("a warning of a client" in grown.stderr) == bool(debug)


@pytest.mark.parametrize("quarantine", [False, True])
def test_too_many_open_files_are_no_fault_of_the_filter_that_meets_them(project: Project, quarantine: bool) -> None:
    (project.folder.parent / "opens.py").write_text(OPENS)
    more = ("--set", "run.on_plugin_error=quarantine") if quarantine else ()
    ended = project.run("generate", "--target", "3", "--plugin", "./opens.py", "--filter", "opens", *more)
    assert ended.code == 4, ended.stderr
    assert "error: too many files are open\nRaise the limit, such as ulimit -n 4096" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize("most", range(10, 14))
def test_what_a_lack_of_open_files_left_half_made_is_not_told_below_the_sentence(project: Project, most: int) -> None:
    """At one of these numbers or another the event loop is made only in part, and Python reports its end."""
    args = ["selfinstruct", "generate", "--quiet", "--out", str(project.folder), "--backend", "demo", "--target", "3"]
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most}))"
    code = f"import sys; sys.argv = {args}; {limited}; from selfinstruct.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)
    assert ended.returncode in (2, 4), ended.stderr  # which file is one too many decides what is said of it
    assert ended.stderr.startswith("error: ")
    assert len(ended.stderr.splitlines()) == 2, ended.stderr


OPENS = """
import os, resource
from selfinstruct.api import Component, Draft, Filter, NoOptions, hookimpl, keep

class Opens(Filter[Draft]):
    def evaluate(self, item):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
        opened = []
        try:
            while True:
                opened.append(os.open("/dev/null", os.O_RDONLY))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for number in opened:
                os.close(number)

@hookimpl
def selfinstruct_filters():
    return [Component("opens", "Opens files until there are no more", NoOptions, lambda _: Opens(), ("generate",))]
"""
