"""The registry: strangers' plugins are found, the broken ones are named and take nothing else with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.api import Draft, NoOptions
from selfinstruct.errors import ConfigError, PluginError
from selfinstruct.plugins.registry import ENCODER, FILTER, GROUP, Registry
from tests import third_party_plugins as strangers
from tests.command_line import command

Install = Callable[..., None]


@pytest.fixture(autouse=True)
def _clean_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("selfinstruct_plugin_") or name.endswith("_module"):
            del sys.modules[name]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install strangers' plugins where Python finds them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def put(source: str, name: str = "stranger", version: str = "3.4") -> None:
        strangers.install(tmp_path / "site", source, name, version)

    return put


def broken_in(registry: Registry) -> dict[str, str]:
    return {plugin.name: plugin.broken for plugin in registry.broken}


# --- found


def test_our_own_plugins_are_found_and_well() -> None:
    registry = Registry.load()
    assert not registry.broken
    assert {"chat", "demo", "filters", "groq", "ollama", "paper", "replay"} <= {one.name for one in registry.plugins}


def test_a_strangers_distribution_is_found_by_its_entry_point(install: Install) -> None:
    install(strangers.FILTER)
    registry = Registry.load()
    found = next(plugin for plugin in registry.plugins if plugin.name == "stranger")
    assert (found.source, found.version, found.broken) == ("stranger_module", "3.4", "")
    component = registry.find(FILTER, "starts-with")
    built = registry.build(FILTER, "starts-with", component.options.model_validate({"letter": "A"}))
    assert built.evaluate(Draft("Add two numbers.")).keep
    assert not built.evaluate(Draft("Write a poem.")).keep


def test_registering_imports_no_client() -> None:
    from tests.command_line import python

    code = (
        "import sys, json; from selfinstruct.plugins.registry import Registry; Registry.load();"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    heavy = {"langchain_core", "langchain", "langchain_groq", "langchain_ollama", "groq", "ollama", "httpx", "numpy"}
    assert not heavy & set(python(code, Path.cwd()))


# --- broken


@pytest.mark.parametrize("kind", strangers.BROKEN)
def test_a_broken_installed_plugin_is_named_and_takes_nothing_with_it(kind: str, install: Install) -> None:
    source, words = strangers.BROKEN[kind]
    sound = Registry.load()
    install(source)
    registry = Registry.load()
    assert list(broken_in(registry)) == ["stranger"]
    assert words in broken_in(registry)["stranger"]
    assert "\n" not in broken_in(registry)["stranger"]
    assert [(offer.kind, offer.component.name) for offer in registry.offers()] == [
        (offer.kind, offer.component.name) for offer in sound.offers()
    ]
    assert not registry.observers("selfinstruct_settled")


@pytest.mark.parametrize("kind", strangers.BROKEN)
def test_a_broken_plugin_that_is_named_is_fatal(kind: str, tmp_path: Path) -> None:
    source, words = strangers.BROKEN[kind]
    path = strangers.write(tmp_path, source)
    with pytest.raises(PluginError) as caught:
        Registry.load([str(path)])
    assert str(path) in caught.value.message
    assert words in caught.value.message
    assert caught.value.exit_code == 3


def test_plugins_check_lists_the_broken_and_exits_3(install: Install) -> None:
    install(strangers.BROKEN["missing import"][0])
    install(strangers.FILTER, "second", "1.0")
    ended = command("plugins", "check")
    assert ended.code == 3
    lines = {line.split()[0]: line for line in ended.out.splitlines()}
    assert lines["stranger"] == (
        "stranger 3.4 (stranger_module): broken: ModuleNotFoundError: No module named 'no_such_module_at_all'"
        " (stranger_module.py, line 1)"
    )
    assert lines["second"] == "second 1.0 (second_module): OK, 1 component"
    assert "OK" in lines["demo"]
    assert "broken: stranger (stranger_module)" in command("plugins", "list").done().err


def test_plugins_check_is_content_where_all_is_well() -> None:
    ended = command("plugins", "check").done()
    assert "broken" not in ended.out


@pytest.mark.parametrize("kind", ["raises at import", "exits at import", "other API", "hook raises", "misspelt hook"])
def test_a_run_that_does_not_name_the_broken_plugin_works_and_says_so(kind: str, install: Install) -> None:
    source, words = strangers.BROKEN[kind]
    install(source)
    ended = command("generate", "--backend", "demo", "--target", "2").done()
    assert "plugin 'stranger' is broken and left out: " in ended.err
    assert words in ended.err
    assert len(Path("runs/default/machine_generated_instructions.jsonl").read_text("utf-8").splitlines()) == 2


def test_a_run_that_needs_a_component_of_a_broken_plugin_says_why_it_is_missing(install: Install) -> None:
    install("import nowhere_to_be_found\n" + strangers.FILTER)
    ended = command("generate", "--backend", "demo", "--set", 'generate.filters=[{use="starts-with"}]')
    ended.failed(2, "generate.filters[0].use: no filter is called 'starts-with'", "plugin 'stranger' is broken")
    assert "nowhere_to_be_found" in ended.err
    assert not Path("runs").exists()


# --- names that meet


def test_a_clash_names_both_and_neither_wins_when_it_is_used(install: Install) -> None:
    install(strangers.BROKEN["clash"][0])
    registry = Registry.load()
    with pytest.raises(PluginError, match="'length' is offered by both 'filters' and 'stranger'"):
        registry.find(FILTER, "length")
    assert registry.find(FILTER, "rouge-l").name == "rouge-l"
    plain = ["generate", "--backend", "demo", "--target", "1"]
    ended = command(*plain, "--out", "used", "--set", 'generate.filters=[{use="length"}]')
    ended.failed(3, "filter 'length' is offered by both 'filters' and 'stranger'", "Uninstall one of the two plugins")
    command(*plain, "--out", "unused", "--set", 'generate.filters=[{use="exact"}]').done()


def test_what_else_a_clashing_plugin_offers_is_left_out_too(install: Install) -> None:
    install(strangers.offering("[Component('mine', 'X', NoOptions, dict), Component('length', 'X', NoOptions, dict)]"))
    with pytest.raises(ConfigError, match=r"no filter is called 'mine'.*offered by both"):
        Registry.load().find(FILTER, "mine")


def test_two_distributions_whose_plugins_have_one_name(tmp_path: Path, install: Install) -> None:
    """The first one keeps its observers as well as its components; the second is named as broken."""
    observer = "\n@hookimpl\ndef selfinstruct_settled(settlement):\n    pass\n"
    install(strangers.FILTER + observer)
    other = strangers.FILTER.replace("starts-with", "starts-otherwise")
    strangers.write(tmp_path / "site", other, "another_module")
    about = tmp_path / "site" / "another-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[selfinstruct]\nstranger = another_module\n")
    registry = Registry.load()
    assert [plugin.name for plugin in registry.broken] == ["stranger"]
    assert "another plugin is already called 'stranger'" in registry.broken[0].broken
    kept = {offer.component.name for offer in registry.offers(FILTER)} & {"starts-with", "starts-otherwise"}
    assert len(kept) == 1
    wanted = ["stranger"] if kept == {"starts-with"} else []
    assert [name for name, _ in registry.observers("selfinstruct_settled")] == wanted


def test_a_file_may_not_take_the_name_of_an_installed_plugin(tmp_path: Path) -> None:
    path = strangers.write(tmp_path, strangers.FILTER, "demo")
    with pytest.raises(PluginError, match="another plugin is already called 'demo'") as caught:
        Registry.load([str(path)])
    assert caught.value.hint == "Rename the file."


# --- plugins that the user names


def test_the_same_file_under_two_spellings_is_one_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = strangers.write(tmp_path, strangers.FILTER, "my_filters")
    monkeypatch.chdir(tmp_path)
    registry = Registry.load(["my_filters.py", "./my_filters.py", str(path)])
    assert [plugin.name for plugin in registry.plugins].count("my_filters") == 1


def test_naming_an_installed_plugin_by_its_name_or_module_changes_nothing() -> None:
    installed = len(Registry.load().plugins)
    assert len(Registry.load(["demo", "selfinstruct_demo"]).plugins) == installed


def test_naming_an_installed_plugin_that_is_broken_is_fatal(install: Install) -> None:
    install(strangers.BROKEN["other API"][0])
    for name in ("stranger", "stranger_module"):
        with pytest.raises(PluginError, match="it is for plugin API 2"):
            Registry.load([name])


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("./nothing.py", "there is no file ./nothing.py"),
        ("no_such_module", "No module named 'no_such_module'"),
        ("./notes.txt", "./notes.txt is not a Python file"),
        ("./", "there is no file ./"),
    ],
)
def test_a_named_plugin_that_is_not_there(
    named: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("x = 1")
    ended = command("generate", "--backend", "demo", "--plugin", named)
    ended.failed(3, f"plugin {named} cannot be used", words)


def test_the_error_for_a_file_named_like_a_module_gives_the_right_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strangers.write(tmp_path, strangers.FILTER, "my_filters")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError) as caught:
        Registry.load(["my_filters"])
    assert caught.value.hint == "For the file write: --plugin ./my_filters.py"


def test_a_file_named_like_a_module_of_python_is_itself(tmp_path: Path) -> None:
    """Pydantic looks annotations up in the module of that name; it must be the plugin's own."""
    source = "from __future__ import annotations\n" + strangers.FILTER.replace("letter: str", "letter: Letter")
    source = source.replace("class StartOptions", "Letter = str\n\nclass StartOptions")
    path = strangers.write(tmp_path, source, "types")
    component = Registry.load([str(path)]).find(FILTER, "starts-with")
    assert component.options.model_validate({}).model_dump() == {"letter": "W"}
    assert sys.modules["types"].__name__ == "types"


def test_a_file_is_read_again_after_it_was_fixed(tmp_path: Path) -> None:
    path = strangers.write(tmp_path, strangers.BROKEN["raises at import"][0])
    with pytest.raises(PluginError):
        Registry.load([str(path)])
    strangers.write(tmp_path, strangers.FILTER)
    assert Registry.load([str(path)]).find(FILTER, "starts-with").name == "starts-with"


def test_an_object_with_hooks_is_a_plugin() -> None:
    from selfinstruct.api import Component, Filter, hookimpl, keep

    class Every(Filter[Draft]):
        def evaluate(self, item: Draft) -> Any:
            return keep()

    class Mine:
        @hookimpl
        def selfinstruct_filters(self) -> list[Any]:
            return [Component("every", "Keep all", NoOptions, lambda _: Every())]

    registry = Registry.load()
    registry.register(Mine(), "mine")
    assert isinstance(registry.build(FILTER, "every", NoOptions()), Every)
    with pytest.raises(PluginError, match="plugin mine cannot be used: another plugin is already called 'mine'"):
        registry.register(Mine(), "mine")


# --- looking up and building


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rouge-k", "did you mean 'rouge-l'?"),
        ("ROUGE-L", "did you mean 'rouge-l'?"),
        ("lenght", "did you mean 'length'?"),
    ],
)
def test_an_unknown_component_comes_with_a_suggestion_and_what_is_known(name: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Registry.load().find(FILTER, name)
    assert caught.value.message == f"no filter is called '{name}'; {words}"
    assert caught.value.hint.startswith("Known: answer, ")
    assert ", rouge-l" in caught.value.hint


def test_only_what_serves_the_stage_is_proposed() -> None:
    with pytest.raises(ConfigError) as caught:
        Registry.load().find(ENCODER, "mesages", stage="export")
    assert caught.value.message == "no format is called 'mesages'; did you mean 'messages'?"
    assert "alpaca" in caught.value.hint
    assert "chat-tasks" not in caught.value.hint


def test_an_unknown_name_that_is_like_nothing_gets_no_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        Registry.load().find(FILTER, "zzzzzz")
    assert caught.value.message == "no filter is called 'zzzzzz'"


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("lambda options: 1 / 0", "filter 'x' could not be built: ZeroDivisionError: division by zero"),
        ("lambda options: None", "filter 'x' was built as NoneType, which is not derived from Filter"),
        ("lambda options: exit(3)", "filter 'x' could not be built: SystemExit: 3"),
        ("lambda options: __import__('no_such_thing')", "filter 'x' needs the module 'no_such_thing', which is not"),
        ("None", "object is not callable\nA component is built from its options"),
        ("lambda: 1", "was given\nA component is built from its options"),
    ],
)
def test_a_component_that_cannot_be_built(
    build: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    strangers.write(tmp_path, strangers.offering(f"[Component('x', 'X', NoOptions, {build})]"))
    chosen = ["--backend", "demo", "--plugin", "./stranger.py", "--set", 'generate.filters=[{use="x"}]']
    command("generate", *chosen).failed(3, words)


@pytest.mark.parametrize(("backend", "module"), [("groq", "langchain_groq"), ("ollama", "langchain_ollama")])
def test_a_missing_extra_is_one_sentence(backend: str, module: str, tmp_path: Path) -> None:
    from tests.command_line import python

    code = (
        f"import sys, json, io, contextlib; sys.modules[{module!r}] = None\n"
        "from selfinstruct.cli import main\n"
        f"sys.argv = ['selfinstruct', 'generate', '--backend', '{backend}', '--target', '1']\n"
        "err = io.StringIO()\n"
        "with contextlib.redirect_stderr(err):\n"
        "    try: main()\n"
        "    except SystemExit as ending: code = ending.code\n"
        "print(json.dumps([code, err.getvalue()]))"
    )
    code, printed = python(code, tmp_path)
    assert printed == f"error: backend '{backend}' needs: pip install 'selfinstruct[{backend}]'\n"
    assert code == 3
    assert not (tmp_path / "runs").exists()


def test_the_entry_point_group_is_the_documented_one() -> None:
    assert GROUP == "selfinstruct"
