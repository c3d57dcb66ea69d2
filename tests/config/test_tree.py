"""Configs as trees: reading TOML, laying one over another, assigning, comparing, and leaving secrets out."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from selfinstruct.config import (
    assign,
    changed,
    component_names,
    differences,
    merge,
    parse_assignment,
    read_file,
    read_recipe,
    recipes,
    without_secrets,
)
from selfinstruct.errors import ConfigError

PLAIN = some.integers() | some.text(max_size=3) | some.lists(some.integers(), max_size=2)
TREES = some.recursive(
    some.dictionaries(some.sampled_from("abc"), PLAIN, max_size=3),
    lambda trees: some.dictionaries(some.sampled_from("abc"), PLAIN | trees, max_size=3),
    max_leaves=12,
)


# --- laying one over another


def test_tables_are_merged_key_by_key_and_the_rest_is_replaced() -> None:
    base = {"run": {"seed": 1, "lookahead": 8}, "plugins": ["a"], "recipe": "chat"}
    over = {"run": {"seed": 2}, "plugins": ["b"]}
    assert merge(base, over) == {"run": {"seed": 2, "lookahead": 8}, "plugins": ["b"], "recipe": "chat"}


@pytest.mark.parametrize(
    ("old", "new", "merged"),
    [
        ({"use": "a", "x": 1}, {"use": "b", "y": 2}, {"use": "b", "y": 2}),
        ({"use": "a", "x": 1}, {"use": "b"}, {"use": "b"}),
        ({"use": "a", "x": 1}, {"use": "a", "y": 2}, {"use": "a", "x": 1, "y": 2}),
        ({"use": "a", "x": 1}, {"x": 2}, {"use": "a", "x": 2}),
        ({"x": 1}, {"use": "b"}, {"use": "b"}),
        ({"use": "a", "kwargs": {"p": 1}}, {"kwargs": {"q": 2}}, {"use": "a", "kwargs": {"p": 1, "q": 2}}),
    ],
)
def test_a_table_that_names_another_component_replaces_the_old_one_whole(old: Any, new: Any, merged: Any) -> None:
    assert merge({"backend": old}, {"backend": new}) == {"backend": merged}


FILTERS = [{"use": "cut"}, {"use": "length", "min_words": 2, "max_words": 150}, {"use": "keywords"}]


@pytest.mark.parametrize(
    ("changes", "merged"),
    [
        ({"length": {"max_words": 60}}, [FILTERS[0], {"use": "length", "min_words": 2, "max_words": 60}, FILTERS[2]]),
        ({"cut": {"use": "exact"}}, [{"use": "exact"}, *FILTERS[1:]]),
        ({"keywords": "off", "cut": "off"}, [FILTERS[1]]),
        ({}, FILTERS),
    ],
)
def test_a_table_over_a_list_of_components_changes_those_that_it_names(changes: Any, merged: Any) -> None:
    assert merge({"generate": {"filters": FILTERS}}, {"generate": {"filters": changes}}) == {
        "generate": {"filters": merged}
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lenght": {}}, "generate.filters.lenght: no entry 'lenght'; did you mean 'length'?"),
        ({"lenght": "off"}, "generate.filters.lenght: no entry 'lenght'; did you mean 'length'?"),
        (
            {"length": 60},
            'generate.filters.length: must be a table of options, such as { OPTION = 3 }, or "off" to leave it out',
        ),
    ],
)
def test_a_change_that_no_component_of_a_list_can_take(changes: Any, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        merge({"generate": {"filters": FILTERS}}, {"generate": {"filters": changes}})
    assert raised.value.message == words


def test_the_components_that_a_list_has_are_named_without_positions_if_their_names_are_enough() -> None:
    with pytest.raises(ConfigError, match=r"There are: cut, length, keywords\."):
        merge({"filters": FILTERS}, {"filters": {"lenght": {}}})


def test_what_was_left_out_before_may_be_left_out_again() -> None:
    base, over = {"filters": [FILTERS[0]]}, {"filters": {"keywords": "off"}}
    gone = component_names({"generate": {"filters": FILTERS, "target": 5}, "recipe": "chat"})
    assert gone == {"cut", "length", "keywords"}
    assert merge(base, over, gone=lambda: gone) == base
    assign(base, "filters.keywords", "off", gone=lambda: gone)
    assert base == {"filters": [FILTERS[0]]}
    with pytest.raises(ConfigError, match="no entry 'keywrods'"):
        assign(base, "filters.keywrods", "off", gone=lambda: gone)


@given(TREES, TREES)
def test_merging_changes_neither_side_and_shares_nothing_with_them(base: Any, over: Any) -> None:
    before = deepcopy((base, over))
    merged = merge(base, over)
    scribble(merged)
    assert (base, over) == before


def scribble(tree: Any) -> None:
    """Change every part of a tree."""
    for part in list(tree.values()) if isinstance(tree, dict) else []:
        scribble(part)
    if isinstance(tree, dict):
        tree["scribbled"] = True
        for value in tree.values():
            if isinstance(value, list):
                value.append("scribbled")


@given(TREES, TREES, TREES)
def test_layers_may_be_merged_in_any_grouping(a: Any, b: Any, c: Any) -> None:
    """What a table is laid over by a plain value forgets; between tables the order alone decides."""
    if tables_only(a, b, c):
        assert merge(merge(a, b), c) == merge(a, merge(b, c))


def tables_only(*trees: Any) -> bool:
    """Whether no key holds a table in one tree and something else in another."""
    kinds: dict[str, set[bool]] = {}
    for tree in trees:
        for key, value in tree.items():
            kinds.setdefault(key, set()).add(isinstance(value, dict))
    if any(len(found) > 1 for found in kinds.values()):
        return False
    tables = [key for key, found in kinds.items() if found == {True}]
    return all(tables_only(*(tree[key] for tree in trees if key in tree)) for key in tables)


@given(TREES)
def test_a_tree_laid_over_itself_or_over_nothing_is_itself(tree: Any) -> None:
    assert merge(tree, tree) == merge({}, tree) == merge(tree, {}) == tree


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ({"run": {"seed": 1, "x": 2}}, {"run": {"seed": 1, "x": 3}}, {"run": {"x": 3}}),
        ({"backend": {"use": "a", "x": 1}}, {"backend": {"use": "a", "x": 2}}, {"backend": {"use": "a", "x": 2}}),
        ({"backend": {"use": "a", "x": 1}}, {"backend": {"use": "b"}}, {"backend": {"use": "b"}}),
        ({"list": [1, 2]}, {"list": [1]}, {"list": [1]}),
        ({"run": {"seed": 1}}, {}, {}),
        ({}, {"run": {"seed": 1}}, {"run": {"seed": 1}}),
    ],
)
def test_what_changed_in_a_tree(before: Any, now: Any, found: Any) -> None:
    assert changed(before, now) == found


@given(TREES, TREES)
def test_what_changed_laid_over_what_was_is_what_is(before: Any, now: Any) -> None:
    assert changed(now, now) == {}
    assert merge(before, changed(before, now)) == merge(before, now)


# --- assigning


def tree() -> dict[str, Any]:
    return {
        "recipe": "chat",
        "run": {"seed": 1},
        "generate": {"target": 9, "filters": [{"use": "cut"}, {"use": "length", "min_words": 3}, {"use": "cut"}]},
    }


@pytest.mark.parametrize(
    ("setting", "keys", "value"),
    [
        ("run.seed=7", ("run", "seed"), 7),
        (" run.seed = 7", ("run", "seed"), 7),
        ("run.seeds=data/mine.jsonl", ("run", "seeds"), "data/mine.jsonl"),
        ('run.seeds="7"', ("run", "seeds"), "7"),
        ("run.trace=true", ("run", "trace"), True),
        ("generate.sampling.stop=['a', 'b=c']", ("generate", "sampling", "stop"), ["a", "b=c"]),
        ("backend.extra_body={ seed = 7 }", ("backend", "extra_body"), {"seed": 7}),
        ("backend.since=2026-01-31", ("backend", "since"), "2026-01-31"),
        ("generate.filters[1].min_words=4", ("generate", "filters", 1, "min_words"), 4),
        ("generate.filters.length.min_words=4", ("generate", "filters", 1, "min_words"), 4),
        ("generate.filters.1.min_words=4", ("generate", "filters", 1, "min_words"), 4),
        ("generate.filters.length={use='exact'}", ("generate", "filters", 1), {"use": "exact"}),
        ("generate.filters.length={max_words=9}", ("generate", "filters", 1, "max_words"), 9),
        ("generate.filters=[]", ("generate", "filters"), []),
        ("limits.requests_per_day=5", ("limits", "requests_per_day"), 5),
        ("run.note=", ("run", "note"), ""),
    ],
)
def test_a_value_is_put_in_its_place(setting: str, keys: tuple[Any, ...], value: Any) -> None:
    changed = tree()
    assign(changed, *parse_assignment(setting))
    here: Any = changed
    for key in keys:
        here = here[key]
    assert here == value


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("run.seed", "--set run.seed: write it as path=value, such as run.seed=7"),
        ("=7", "write it as path=value"),
        ("...=7", "write it as path=value"),
        ("[]=7", "write it as path=value"),
        ("recipe.name=x", "recipe.name: 'name' is below a plain value"),
        ("run.seed.deep.er=1", "run.seed.deep.er: 'deep' is below a plain value"),
        ("generate.filters.lenght.min_words=4", "no entry 'lenght'; did you mean 'length'?"),
        ("generate.filters[3].min_words=4", "no entry '3'\nThere are: [0] cut, [1] length, [2] cut."),
        ("generate.filters[-1].min_words=4", "no entry '-1'"),
        ("generate.filters.²=4", "no entry '²'"),
        ("generate.filters.cut.x=4", "'cut' occurs 2 times\nName one: [0], [2]."),
        ("generate.filters.cut=4", "'cut' occurs 2 times"),
        ("generate.filters.cut=off", "'cut' occurs 2 times"),
        ("generate.filters.lenght=off", "no entry 'lenght'; did you mean 'length'?"),
        ("generate.filters.length=3", "To set one option, name it: generate.filters.length.OPTION"),
    ],
)
def test_a_setting_that_has_no_place(setting: str, words: str) -> None:
    unchanged = tree()
    with pytest.raises(ConfigError) as caught:
        assign(unchanged, *parse_assignment(setting))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ("generate.filters.length=off", ["cut", "cut"]),
        ("generate.filters[0]=off", ["length", "cut"]),
        ('generate.filters.2="off"', ["cut", "length"]),
    ],
)
def test_a_component_of_a_list_that_is_set_to_off_is_taken_out(setting: str, left: list[str]) -> None:
    changed = tree()
    assign(changed, *parse_assignment(setting))
    assert [entry["use"] for entry in changed["generate"]["filters"]] == left


def test_off_is_a_text_like_others_where_there_is_no_list() -> None:
    changed = tree()
    assign(changed, "generate.filters.length.min_words", "off")
    assert changed["generate"]["filters"][1]["min_words"] == "off"


def test_a_setting_that_has_no_place_does_not_show_its_value() -> None:
    with pytest.raises(ConfigError) as caught:
        assign(tree(), "generate.filters.nothing.api_key", "gsk_very_secret")
    assert "gsk_very_secret" not in str(caught.value)


# --- reading


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbfrecipe = 'paper'\r\n[run]\r\nseed = 7\r\n")
    assert read_file(path) == {"recipe": "paper", "run": {"seed": 7}}


def test_what_toml_knows_and_json_does_not_becomes_text(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("a = 2026-01-31\nb = [{ c = 07:30:00 }]\nd = 2026-01-31T07:30:00Z")
    found = read_file(path)
    assert json.loads(json.dumps(found)) == found == {
        "a": "2026-01-31", "b": [{"c": "07:30:00"}], "d": "2026-01-31T07:30:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[run]\nseed = \n", "is not TOML: Invalid value (at line 2, column 8)"),
        (b"[run]\nseed = 1\nseed = 2\n", "is not TOML: Cannot overwrite a value (at line 3"),
        (b"a = " + b"[" * 5000, "is not TOML"),
        (b'name = "\xe9"', "is not UTF-8 text, from byte 8 on"),
        (b"plugins = './mine.py'", 'plugins: must be a list of files or modules, such as ["./my_filters.py"]'),
        (b"plugins = [1]", "plugins: must be a list"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert caught.value.message.startswith(str(path))
    assert words in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "c.toml")
    assert str(caught.value) == f"there is no config file {tmp_path}/c.toml\nCorrect the path."
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_file(tmp_path)


def test_recipes_by_name_or_file(tmp_path: Path) -> None:
    assert {"chat", "paper"} <= set(recipes())
    assert all("generate" in read_recipe(name) for name in recipes())
    (tmp_path / "mine.toml").write_text("[generate]\ntarget = 3")
    assert read_recipe(str(tmp_path / "mine.toml")) == {"generate": {"target": 3}}
    with pytest.raises(ConfigError) as caught:
        read_recipe("papr")
    assert caught.value.message == "recipe: no recipe is called 'papr'; did you mean 'paper'?"
    assert caught.value.hint.startswith("Known: ")


# --- secrets


@pytest.mark.parametrize(
    "name",
    ["api_key", "API_KEY", "groq_api_key", "x-api-key", "api_keys", "token", "hf_token", "secret", "client_secret",
     "password", "Authorization", "cookie", "credentials"],
)  # fmt: skip
def test_what_is_called_a_secret_is_left_out_wherever_it_stands(name: str) -> None:
    tree = {
        "backend": {"kwargs": {name: "hidden", "model": "m"}, "more": [{name: "hidden"}, {"deep": {name: "hidden"}}]}
    }
    assert "hidden" not in json.dumps(without_secrets(tree))
    assert without_secrets(tree)["backend"]["kwargs"] == {"model": "m"}


@pytest.mark.parametrize("name", ["max_tokens", "tokeniser", "keywords", "keep_alive", "monkeys", "tokens_per_day"])
def test_what_only_sounds_like_a_secret_is_kept(name: str) -> None:
    assert without_secrets({"backend": {name: 5}}) == {"backend": {name: 5}}


@pytest.mark.parametrize(
    "text",
    ["https://me:hidden@example.org/v1", "http://hidden@example.org", "https://example.org/?key=hidden",
     "https://example.org/v1?a=1&api-key=hidden", "Bearer hidden", "basic hidden"],
)  # fmt: skip
def test_texts_with_a_login_or_a_key_are_left_out_wherever_they_stand(text: str) -> None:
    tree = {"base_url": text, "kwargs": {"headers": {"x": text}, "list": ["a", text]}, "model": "m"}
    cleaned = without_secrets(tree)
    assert "hidden" not in json.dumps(cleaned)
    assert cleaned["model"] == "m"


@pytest.mark.parametrize(
    "text", ["https://example.org/v1", "http://127.0.0.1:9?a=1", "me@example.org", "a basic thing"]
)
def test_addresses_without_a_secret_are_kept(text: str) -> None:
    assert without_secrets({"base_url": text}) == {"base_url": text}


def test_a_text_with_a_secret_is_left_out_whatever_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "hidden-in-the-environment")
    body = {"auth": "hidden-in-the-environment", "again": "use hidden-in-the-tree", "model": "m"}
    tree = {"backend": {"kwargs": {"api_key": "hidden-in-the-tree", "extra_body": body}}}
    assert without_secrets(tree)["backend"]["kwargs"] == {"extra_body": {"model": "m"}}


def test_headers_are_left_out_whole() -> None:
    assert without_secrets({"default_headers": {"x-visitor": "4711"}, "model": "m"}) == {"model": "m"}


# --- comparing


@given(TREES)
def test_a_tree_does_not_differ_from_itself(tree: Any) -> None:
    assert differences(tree, deepcopy(tree)) == []


@given(TREES, TREES)
def test_trees_that_differ_are_said_to(old: Any, new: Any) -> None:
    said = differences(old, new)
    if json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True):
        assert said == []
    elif leaves(old) != leaves(new):
        assert said


def leaves(tree: Any, path: str = "") -> dict[str, Any]:
    """Every plain value by its path; empty tables say nothing."""
    if not isinstance(tree, dict):
        return {path: tree}
    return {where: value for key, part in tree.items() for where, value in leaves(part, f"{path}.{key}").items()}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"run": {"seed": 1}}, {"run": {"seed": 2}}, "run.seed: 1 in the run, now 2"),
        ({"run": {}}, {"run": {"seed": 2}}, "run.seed: not set in the run, now 2"),
        (
            {"filters": [{"use": "length", "min_words": 3}]},
            {"filters": [{"use": "length", "min_words": 4}]},
            "filters.length.min_words: 3 in the run, now 4",
        ),
        (
            {"filters": [{"use": "cut"}, {"use": "rouge-l", "threshold": 0.7}]},
            {"filters": [{"use": "cut"}]},
            "filters: rouge-l in the run, now left out",
        ),
        (
            {"backend": {"use": "demo", "seed": 0, "cut": 0.1}},
            {"backend": {"use": "groq", "model": "auto"}},
            "backend.use: demo in the run, now groq",
        ),
    ],
)
def test_a_difference_names_the_setting_and_both_values(old: Any, new: Any, said: str) -> None:
    assert differences(old, new) == [said]


def test_differences_of_lists_of_components_are_told_by_name() -> None:
    old = [{"use": "cut"}, {"use": "length", "max_words": 150}, {"use": "keywords"}]
    new = [{"use": "cut"}, {"use": "mine"}, {"use": "length", "max_words": 60}]
    assert differences({"filters": old}, {"filters": new}) == [
        "filters: keywords in the run, now left out",
        "filters: mine not in the run, now added",
        "filters.length.max_words: 150 in the run, now 60",
    ]
    assert differences({"filters": old}, {"filters": old[:2] + old[:1]}) != []
    assert differences({"filters": old}, {"filters": old[::-1]}) != []
