"""A finished run to review, and a server of its page."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfinstruct.review import ReviewServer
from selfinstruct.store.reviews import Reviews
from tests.command_line import command


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every stage done, made once; nobody may change it."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    args = ("--backend", "demo", "--target", "40", "--quiet", "--config", _empty(folder.parent))
    command("run", *args, "--out", folder).done()
    return folder


def _empty(folder: Path) -> Path:
    path = folder / "empty.toml"
    path.write_text("")
    return path


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def reviews(run: Path) -> Iterator[Reviews]:
    reviews = Reviews.open(run)
    yield reviews
    reviews.close()


@pytest.fixture
def server(reviews: Reviews) -> Iterator[ReviewServer]:
    """A page that is being served."""
    server = ReviewServer(reviews)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
