"""The page in a real browser: keyboard, two tabs, texts that would be markup, a narrow screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.review import ReviewServer
from selfinstruct.store.reviews import Reviews

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if BROWSER is None:
    pytest.skip("no Chromium on this machine", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright to drive Chromium with")

EVIL = '<img src=x onerror="document.title=1"><script>document.title="owned"</script><b>bold</b>'


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A tab in which the page is open; whatever goes wrong in it fails the test."""

    def __init__(self, page: Any, server: ReviewServer) -> None:
        self.page = page
        self.faults: list[str] = []
        self.outside: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.outside.append(request.url))
        page.goto(server.link)
        self.item("g0.0")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def item(self, name: str) -> None:
        """Wait until an item is shown."""
        sync_api.expect(self.page.locator("#item-id")).to_have_text(name)

    def said(self, words: str) -> None:
        sync_api.expect(self.page.locator("#said")).to_contain_text(words)

    def shows(self, where: str, words: str) -> None:
        sync_api.expect(self.page.locator(where)).to_contain_text(words)


@pytest.fixture
def tabs(chromium: Any, server: ReviewServer) -> Iterator[Any]:
    """Opens tabs of one window; in the end none of them may have failed or loaded anything from elsewhere."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    opened: list[Tab] = []

    def open_tab(allowed: str = "409") -> Tab:
        tab = Tab(context.new_page(), server)
        opened.append(tab)
        return tab

    yield open_tab
    own = server.link.partition(server.token)[0]
    for tab in opened:
        assert [fault for fault in tab.faults if "409" not in fault] == []
        assert [url for url in tab.outside if not url.startswith((own, "data:"))] == []
    context.close()


def verdicts(reviews: Reviews) -> dict[str, tuple[str, str]]:
    return {name: (s.verdict, s.reason) for name, s in reviews.states().items() if s.verdict}


def test_a_run_is_gone_through_by_keyboard(tabs: Any, reviews: Reviews) -> None:
    tab = tabs()
    tab.press("j")
    tab.item("g0.1")
    tab.press("k")
    tab.item("g0.0")
    tab.press("a")
    tab.item("g0.1")
    tab.said("Accepted g0.0")
    tab.press("r", "2", "Enter")
    tab.item("g0.2")
    tab.said("Rejected g0.1")
    tab.press("r", "Tab", "Escape")
    tab.press("r")
    tab.page.locator("#reason").fill("says nothing")
    tab.press("Enter")
    tab.item("g0.3")
    assert verdicts(reviews) == {
        "g0.0": ("accepted", ""), "g0.1": ("rejected", "unclear"), "g0.2": ("rejected", "says nothing")
    }  # fmt: skip
    tab.shows("#line-g0\\.1", "✕ rejected")
    tab.shows("#progress", "1 accepted, 2 rejected")


def test_a_rejection_without_a_reason_is_asked_for_one(tabs: Any, reviews: Reviews) -> None:
    tab = tabs()
    tab.press("r")
    tab.page.locator("#reason").focus()
    tab.press("Enter")
    tab.said("needs a reason")
    tab.press("Escape", "j")
    tab.item("g0.1")
    assert not verdicts(reviews)


def test_an_edit_is_saved_left_and_undone(tabs: Any, reviews: Reviews) -> None:
    tab = tabs()
    tab.press("e")
    tab.page.keyboard.type("jkaru? ")
    tab.press("Escape")
    tab.said("Nothing was saved")
    assert not reviews.states()
    tab.press("e")
    tab.page.locator("#edit-instruction").fill("Name two rivers.\nAnd a lake.")
    tab.press("Control+Enter")
    tab.said("Saved g0.0")
    assert reviews.states()["g0.0"].texts == {"instruction": "Name two rivers.\nAnd a lake."}
    tab.shows("#parts", "Was:")
    tab.press("u")
    tab.said("Undone")
    assert reviews.states()["g0.0"].texts == {}


def test_an_example_has_three_parts_to_edit(tabs: Any, reviews: Reviews) -> None:
    tab = tabs()
    tab.page.click("#tab-prepare")
    tab.item("e0.0")
    tab.press("e")
    tab.page.locator("#edit-input").fill("an input")
    tab.page.locator("#edit-output").fill("an output")
    tab.press("Control+Enter")
    tab.said("Saved e0.0")
    assert reviews.states()["e0.0"].texts == {"input": "an input", "output": "an output"}


def test_an_edit_that_is_not_saved_is_not_lost_by_a_click(tabs: Any) -> None:
    tab = tabs()
    tab.press("e")
    tab.page.locator("#edit-instruction").fill("half a thought")
    tab.page.click("#line-g0\\.2 button")
    tab.said("There are unsaved changes")
    assert tab.page.locator("#edit-instruction").input_value() == "half a thought"


def test_undo_goes_back_through_items_and_to_what_older_tabs_did(tabs: Any, reviews: Reviews) -> None:
    reviews.accept("g0.0", 0)
    tab = tabs()
    tab.press("j", "a")
    tab.item("g0.2")
    tab.press("r", "1", "Enter")
    tab.item("g0.3")
    tab.press("u")
    tab.item("g0.2")
    tab.said("Undone")
    tab.press("u")
    tab.item("g0.1")
    tab.said("g0.1")
    assert verdicts(reviews) == {"g0.0": ("accepted", "")}
    tab.press("k")
    tab.item("g0.0")
    tab.press("u")
    tab.said("Undone: g0.0")
    assert not verdicts(reviews)


def test_of_two_tabs_the_late_one_gets_a_message_and_the_current_values(tabs: Any, reviews: Reviews) -> None:
    first, second = tabs(), tabs()
    first.press("r", "1", "Enter")
    first.item("g0.1")
    second.press("a")
    second.said("Someone else reviewed this item")
    second.item("g0.0")
    second.shows("#verdict-chip", "not a task")
    assert verdicts(reviews) == {"g0.0": ("rejected", "not a task")}
    second.press("a")
    second.said("Accepted g0.0")
    assert verdicts(reviews) == {"g0.0": ("accepted", "")}


def test_markup_in_a_text_is_shown_and_not_run(tabs: Any, reviews: Reviews) -> None:
    reviews.edit("g0.0", 0, {"instruction": EVIL})
    reviews.reject("g0.0", 1, EVIL)
    reviews.edit("e0.0", 0, {"output": EVIL, "input": EVIL})
    tab = tabs()
    for stage, name in (("generate", "g0.0"), ("prepare", "e0.0")):
        tab.page.click(f"#tab-{stage}")
        tab.item(name)
        tab.shows("#parts", EVIL)
        tab.press("r", "Escape", "e", "Escape")
        assert tab.page.locator("main img, main script, main b:not(.was b)").count() == 0
        assert tab.page.title() == "Review: run"


def test_search_and_filters(tabs: Any, reviews: Reviews) -> None:
    reviews.edit("g1.0", 0, {"instruction": "A needle in a haystack."})
    tab = tabs()
    tab.press("/")
    tab.page.keyboard.type("NEEDLE")
    tab.item("g1.0")
    sync_api.expect(tab.page.locator("#lines li")).to_have_count(1)
    tab.press("Enter", "a")
    tab.said("Accepted g1.0")
    tab.press("/", "Escape")
    tab.item("g0.0")
    tab.page.select_option("#reviewed", "accepted")
    tab.item("g1.0")
    tab.page.select_option("#reviewed", "")
    dropped = tab.page.locator("#fate option", has_text="dropped").get_attribute("value")
    tab.page.select_option("#fate", dropped)
    tab.shows("#fate-chip", "dropped by")


def test_help_lists_the_keys_and_closes(tabs: Any) -> None:
    tab = tabs()
    tab.press("?")
    sync_api.expect(tab.page.locator("#help")).to_be_visible()
    tab.press("a", "Escape")
    sync_api.expect(tab.page.locator("#help")).to_be_hidden()
    tab.item("g0.0")


@pytest.mark.slow
def test_every_control_has_a_name_and_can_be_reached_by_tab(tabs: Any) -> None:
    tab = tabs()
    for key in ("", "r", "Escape", "e"):
        if key:
            tab.press(key)
        for control in tab.page.locator("button:visible, input:visible, select:visible, textarea:visible").all():
            name = control.evaluate("c => c.ariaLabel || c.textContent.trim() || c.labels?.[0]?.textContent.trim()")
            assert name, control.evaluate("c => c.outerHTML")
            assert control.evaluate("c => c.tabIndex") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_enough_contrast(chromium: Any, server: ReviewServer, reviews: Reviews, scheme: str) -> None:
    """4.5 to 1, as WCAG 2.1 asks for at level AA, of every text that is shown."""
    reviews.edit("g0.0", 0, {"instruction": "Edited."})
    reviews.reject("g0.1", 0, "unclear")
    reviews.accept("g0.2", 0)
    context = chromium.new_context(color_scheme=scheme)
    tab = Tab(context.new_page(), server)
    for keys in ((), ("j",), ("j",), ("r",)):
        tab.press(*keys)
        poor = tab.page.evaluate(CONTRAST)
        assert poor == []
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 320])
def test_a_narrow_screen_shows_one_thing_at_a_time(
    chromium: Any, server: ReviewServer, reviews: Reviews, width: int
) -> None:
    reviews.edit("g0.0", 0, {"instruction": "x" * 500})
    context = chromium.new_context(viewport={"width": width, "height": 800}, has_touch=True)
    tab = Tab(context.new_page(), server)
    page, expect = tab.page, sync_api.expect
    wide = "document.documentElement.scrollWidth > innerWidth"
    expect(page.locator("#sheet")).to_be_hidden()
    assert not page.evaluate(wide)
    page.tap("#line-g0\\.0 button")
    expect(page.locator("#sheet")).to_be_visible()
    assert not page.evaluate(wide)
    for control in page.locator("#verbs button:visible").all():
        assert control.bounding_box()["height"] >= 40
    page.tap("#reject")
    page.tap("#reasons button:nth-child(3)")
    page.tap("#reject-form button[type=submit]")
    tab.item("g0.1")
    assert not page.evaluate(wide)
    page.tap("#back")
    expect(page.locator("#lines")).to_be_visible()
    expect(page.locator("#sheet")).to_be_hidden()
    assert verdicts(reviews) == {"g0.0": ("rejected", "refers to something missing")}
    assert tab.faults == []
    context.close()


def test_the_page_says_that_the_server_is_gone(chromium: Any, reviews: Reviews, run: Path) -> None:
    import threading

    server = ReviewServer(reviews)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    context = chromium.new_context()
    tab = Tab(context.new_page(), server)
    server.shutdown()
    server.server_close()
    context.set_offline(True)
    tab.press("a")
    tab.said("The server does not answer")
    context.close()
    assert not reviews.states()


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const found = rgba(getComputedStyle(one).backgroundColor);
      if (found[3] > 250) return found;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!own || !node.checkVisibility() || node.closest(":disabled, kbd, option, .hidden")) continue;
    const [front, back] = [light(rgba(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) poor.push([node.tagName, node.className, node.textContent.trim().slice(0, 30), ratio]);
  }
  return poor;
}"""
