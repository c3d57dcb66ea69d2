"""The ledger of reviews: what is recorded, what holds in the end, and what is refused."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from selfinstruct.errors import RunError, UsageError
from selfinstruct.files.names import REVIEW_FILE
from selfinstruct.store import RunStore
from selfinstruct.store.review_items import NoSuchItemError
from selfinstruct.store.review_pages import Pages
from selfinstruct.store.reviews import ReviewCounts, Reviews, StaleReviewError
from tests.sweeps import examples

Seen = tuple[str, str, dict[str, str]]


def seen(reviews: Reviews, name: str) -> Seen:
    standing = reviews.item(name).state
    return standing.verdict, standing.reason, dict(standing.texts)


def version(reviews: Reviews, name: str) -> int:
    return reviews.item(name).state.version


def test_what_people_do_is_recorded_and_nothing_of_it_is_lost(reviews: Reviews) -> None:
    was = reviews.item("g0.0").texts["instruction"]
    reviews.accept("g0.0", 0)
    reviews.reject("g0.0", 1, " not  a\ntask ")
    reviews.edit("g0.0", 2, {"instruction": "Name two rivers."})
    reviews.undo("g0.0", 3)
    assert seen(reviews, "g0.0") == ("rejected", "not a task", {})
    assert [entry[1:] for entry in reviews.history("g0.0")] == [
        ("accept", "", {}),
        ("reject", "not a task", {}),
        ("edit", "", {"instruction": [was, "Name two rivers."]}),
        ("undo", "", {}),
    ]
    rows = reviews.connection.execute("SELECT who, what, back_to FROM reviews ORDER BY id").fetchall()
    assert rows == [("human", "accept", 0), ("human", "reject", 0), ("human", "edit", 0), ("human", "undo", 2)]


ACTS = st.sampled_from(["accept", "reject a", "reject b", "edit one", "edit two", "edit back", "undo"])


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTS, max_size=14))
def test_undo_takes_back_one_thing_after_the_other_in_any_order_of_things(run: Path, acts: list[str]) -> None:
    (run / "reviews.sqlite").unlink(missing_ok=True)
    reviews = Reviews.open(run)
    was = reviews.item("g0.0").texts["instruction"]
    states: list[Seen] = [("", "", {})]
    for act in acts:
        verdict, reason, texts = states[-1]
        what, _, more = act.partition(" ")
        now = version(reviews, "g0.0")
        if what == "undo" and len(states) == 1:
            with pytest.raises(UsageError, match="nothing to undo"):
                reviews.undo("g0.0", now)
            continue
        if what == "undo":
            reviews.undo("g0.0", now)
            states.pop()
        elif what == "edit":
            text = was if more == "back" else more
            reviews.edit("g0.0", now, {"instruction": text})
            after: Seen = (verdict, reason, {} if text == was else {"instruction": text})
        elif what == "accept":
            reviews.accept("g0.0", now)
            after = ("accepted", "", texts)
        else:
            reviews.reject("g0.0", now, more)
            after = ("rejected", more, texts)
        if what != "undo" and after != states[-1]:
            states.append(after)
        assert seen(reviews, "g0.0") == states[-1]
    reviews.close()


def test_the_second_of_two_who_saw_the_same_is_refused(reviews: Reviews, run: Path) -> None:
    other = Reviews.open(run)
    reviews.accept("g0.0", 0)
    late_actions: tuple[Callable[[], object], ...] = (
        lambda: other.accept("g0.0", 0),
        lambda: other.reject("g0.0", 0, "late"),
        lambda: other.edit("g0.0", 0, {"instruction": "late"}),
        lambda: other.undo("g0.0", 0),
    )
    for late in late_actions:
        with pytest.raises(StaleReviewError):
            late()
    other.reject("g0.0", 1, "in time")
    other.close()
    assert seen(reviews, "g0.0") == ("rejected", "in time", {})


def test_many_threads_may_create_the_file_at_once(run: Path) -> None:
    """Whoever opens it first makes it; nobody is turned away meanwhile."""
    for _ in range(30):
        for path in run.glob(f"{REVIEW_FILE}*"):
            path.unlink()
        start = threading.Barrier(6)

        def begin(start: threading.Barrier = start) -> None:
            start.wait()
            Reviews.open(run).close()

        with ThreadPoolExecutor(6) as pool:
            for started in [pool.submit(begin) for _ in range(6)]:
                started.result()


def test_many_processes_at_once_lose_nothing(run: Path) -> None:
    """Each of four adds 25 rows to one item, again and again until its version is the right one."""
    code = (
        "import sys; from pathlib import Path\n"
        "from selfinstruct.store.reviews import Reviews, StaleReviewError\n"
        "reviews, done = Reviews.open(Path(sys.argv[1])), 0\n"
        "while done < 25:\n"
        "    try:\n"
        "        reviews.reject('g0.0', reviews.item('g0.0').state.version, f'{sys.argv[2]}-{done}')\n"
        "        done += 1\n"
        "    except StaleReviewError: pass\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(run), str(n)]) for n in range(4)]
    assert [worker.wait(240) for worker in workers] == [0, 0, 0, 0]
    reviews = Reviews.open(run)
    reasons = [reason for _, _, reason, _ in reviews.history("g0.0")]
    reviews.close()
    assert sorted(reasons) == sorted(f"{worker}-{done}" for worker in range(4) for done in range(25))


@pytest.mark.parametrize("name", ["g0.99", "g99999.0", "e0.999", "x0.0", "g0", "", "g0.0; --", "g٣.0", "g-1.0"])
def test_an_item_that_is_not_there_is_refused(reviews: Reviews, name: str) -> None:
    with pytest.raises(NoSuchItemError):
        reviews.accept(name, 0)


@pytest.mark.parametrize(
    ("name", "texts", "words"),
    [
        ("g0.0", {"instruction": " \n"}, "the instruction must not be empty"),
        ("e0.0", {"output": ""}, "the output must not be empty"),
        ("g0.0", {"output": "x"}, "g0.0 has no part 'output'"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(reviews: Reviews, name: str, texts: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        reviews.edit(name, 0, texts)
    assert version(reviews, name) == 0


@pytest.mark.parametrize(("reason", "words"), [(" \t", "needs a reason"), ("x" * 501, "at most 500")])
def test_a_rejection_needs_a_reason_of_a_sensible_length(reviews: Reviews, reason: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        reviews.reject("g0.0", 0, reason)


def test_an_edited_instruction_lends_its_text_to_its_examples_until_they_have_their_own(reviews: Reviews) -> None:
    pages = Pages(reviews)
    reviews.edit("g0.0", 0, {"instruction": "Lent."})
    assert pages.item("e0.0")["texts"]["instruction"] == "Lent."  # type: ignore[index,call-overload]
    reviews.edit("e0.0", 0, {"instruction": "Own.", "input": ""})
    assert reviews.item("e0.0").state.texts["instruction"] == "Own."
    reviews.edit("e0.0", 1, {"instruction": "Lent."})
    assert "instruction" not in reviews.item("e0.0").state.texts, "what it would have anyway is no edit"


def test_reviews_of_examples_that_were_made_again_have_no_effect_and_are_counted(reviews: Reviews, run: Path) -> None:
    reviews.reject("e0.0", 0, "wrong answer")
    reviews.accept("g0.0", 0)
    assert reviews.counts() == {"generate": ReviewCounts(1, 0, 0), "prepare": ReviewCounts(0, 1, 0)}
    database = sqlite3.connect(run / "run.sqlite")
    database.execute("UPDATE decisions SET text = 'Another output.' WHERE stage = 'prepare' AND idx = 0")
    database.commit()
    database.close()
    assert reviews.counts()["prepare"] == ReviewCounts(0, 0, 0, stale=1)
    assert seen(reviews, "e0.0") == ("", "", {})
    with pytest.raises(StaleReviewError):
        reviews.accept("e0.0", 0)
    reviews.accept("e0.0", 1)
    reviews.undo("e0.0", 2)
    assert seen(reviews, "e0.0") == ("", "", {}), "what held for another example does not come back"


def test_reading_needs_no_ledger_and_makes_none(run: Path) -> None:
    assert Reviews.open_readonly(run) is None
    assert not (run / "reviews.sqlite").exists()
    (run / "reviews.sqlite").touch()
    assert Reviews.open_readonly(run) is None, "what a kill left empty is none yet"
    Reviews.open(run).close()
    found = Reviews.open_readonly(run)
    assert found is not None
    found.close()


def test_the_runs_own_database_is_not_touched(run: Path) -> None:
    before = (run / "run.sqlite").read_bytes()
    writer = RunStore.open(run)  # the lock is taken, as by a pipeline at work
    reviews = Reviews.open(run)
    reviews.reject("g0.0", 0, "unclear")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reviews.connection.execute("DELETE FROM run.decisions")
    reviews.close()
    writer.close()
    assert (run / "run.sqlite").read_bytes() == before


def test_a_folder_without_a_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run"):
        Reviews.open(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("beside", ["", "-wal", "-journal"])
def test_a_link_is_refused(run: Path, tmp_path: Path, beside: str) -> None:
    (run / f"reviews.sqlite{beside}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is a link"):
        Reviews.open(run)
    assert not (tmp_path / "elsewhere").exists()


def test_other_files_of_that_name_are_refused(run: Path) -> None:
    path = run / "reviews.sqlite"
    path.write_text("no database at all, but long enough to look like a file of some kind\n" * 20)
    with pytest.raises(RunError, match="cannot be used"):
        Reviews.open(run)
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (a)")
    for number, words in ((0, "holds no reviews"), (99, "newer selfinstruct")):
        other.execute(f"PRAGMA user_version = {number}")
        other.commit()
        for opening in (Reviews.open, Reviews.open_readonly):
            with pytest.raises(RunError, match=words):
                opening(run)
    other.close()


def test_a_copy_of_a_run_takes_its_reviews_along(run: Path, tmp_path: Path) -> None:
    reviews = Reviews.open(run)
    reviews.reject("g0.0", 0, "unclear")
    reviews.close()
    shutil.copytree(run, tmp_path / "copy")
    copy = Reviews.open_readonly(tmp_path / "copy")
    assert copy is not None
    assert copy.states()["g0.0"].reason == "unclear"
    copy.close()
