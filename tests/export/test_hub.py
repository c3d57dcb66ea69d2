"""Uploads, by the Hub's real client, to a stand-in for the Hub on this computer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import command
from tests.export.hub_server import HubServer
from tests.export.runs import make_examples, make_run
from tests.export.test_dataset import files_in

pytestmark = pytest.mark.filterwarnings("default")
ARGS = ("export", "--out", "run", "--to", "set", "--split", "0.8")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A Hub that knows us, a run in the folder `run`, and nothing of ours at the real one."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is not installed")
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "run", make_examples(20)).close()
    with HubServer() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setenv("HF_TOKEN", "hf_nobody")
        yield server


def test_every_file_is_uploaded_and_private(hub: HubServer) -> None:
    ended = command(*ARGS, "--push-to-hub", "me/set").done()
    assert f"pushed to {hub.url}/datasets/me/set" in ended.out
    assert hub.files == files_in(Path("set"))
    assert hub.private
    assert "Bearer hf_nobody" in hub.tokens
    assert "hf_nobody" not in ended.out + ended.err


def test_an_older_export_is_replaced_and_other_files_stay(hub: HubServer) -> None:
    hub.files = {"data/train.parquet": b"old", "data/validation.jsonl": b"old", "notes.txt": b"mine"}
    Path("set/.hidden").mkdir(parents=True)
    (Path("set") / ".hidden" / "secret").write_text("not for upload")
    command(*ARGS, "--push-to-hub", "me/set").done()
    assert set(hub.files) == set(files_in(Path("set"))) - {".hidden/secret"} | {"notes.txt"}
    assert hub.files["data/validation.jsonl"] != b"old"


def test_public_only_if_asked_for(hub: HubServer) -> None:
    command(*ARGS, "--push-to-hub", "me/set", "--public", "--license", "mit").done()
    assert hub.private is False
    hub.files.clear()
    command(*ARGS, "--push-to-hub", "me/set").failed(2, "me/set exists and is public", "--public")
    assert not hub.files


def test_a_refusal_is_a_sentence_and_the_folder_is_whole(hub: HubServer) -> None:
    hub.status = 403
    command(*ARGS, "--push-to-hub", "me/set").failed(
        2, "me/set could not be pushed to the Hub", "The folder is complete"
    )
    assert "README.md" in files_in(Path("set"))


def test_a_name_that_is_none(hub: HubServer) -> None:
    command(*ARGS, "--push-to-hub", "me/set/more").failed(2, "could not be pushed to the Hub")


def test_no_hub_to_be_reached(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    command(*ARGS, "--push-to-hub", "me/set").failed(2, "could not be pushed to the Hub")


def test_nobody_is_logged_in(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    command(*ARGS, "--push-to-hub", "me/set").failed(2, "hf auth login")
    assert not hub.files
