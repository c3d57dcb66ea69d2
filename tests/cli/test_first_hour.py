"""What newcomers type wrong in their first hour, and the words that set them right."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from socket import gaierror

import pytest

from selfinstruct import ConfigError, SelfInstruct, UsageError
from selfinstruct.engine.outage import NO_NAME, outage_hint
from selfinstruct.store import RunStore
from tests.command_line import command

CONFIG = Path("selfinstruct.toml")


@pytest.fixture(autouse=True)
def _folder_with_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command("init", ".").done()


def problem(*line: str, code: int = 2) -> str:
    """What a command that fails prints."""
    ended = command(*line)
    assert ended.code == code, ended.err
    return ended.err


def edit(old: str, new: str) -> None:
    text = CONFIG.read_text("utf-8")
    assert old in text
    CONFIG.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--set", "generate.targt=5"), "--set generate.targt: unknown option"),
        (("--set", "generate.filters.rouge-l.treshold=0.5"), "--set generate.filters.rouge-l.treshold: unknown option"),
        (("--set", "generate.filters[0].treshold=0.5"), "--set generate.filters.cut.treshold: unknown option"),
        (("--set", "generate.filters.rouge-l=0.6"), "--set generate.filters.rouge-l: must be a table of options"),
        (("--set", "generate.filters[2]=0.6"), "--set generate.filters[2]: must be a table of options"),
        (("--set", "run.trace=True"), "--set run.trace: must be true or false, in lower case, not 'True'"),
        (("--set", "run.seed=1,run.x=2"), "--set run.seed: must be a whole number, not '1,run.x=2'"),
        (("--set", "generate.filters={length={min_wrds=3}}"), "--set generate.filters.length.min_wrds: unknown option"),
        (("--set", "run=3"), "--set run: must be a table"),
        (("--set", "run={sed=3}"), "--set run.sed: unknown option"),
        (("--set", "generate.filters.rouge.threshold=1"), "--set generate.filters.rouge.threshold: no entry 'rouge'"),
        (("--filter", "unsafe", "--filter", "rouge"), "--filter rouge: no filter is called 'rouge'"),
        (("--filter", "semantic"), "--filter semantic: missing"),
        (("--seeds", "no.jsonl"), "--seeds: there is no seed file no.jsonl"),
    ],
)
def test_a_wrong_value_of_the_command_line_is_not_blamed_on_the_config(line: tuple[str, ...], words: str) -> None:
    said = problem("run", "--out", "r", *line)
    assert said.startswith(f"error: {words}"), said
    assert str(CONFIG) not in said


def test_a_wrong_value_of_the_config_has_its_line_whatever_the_command_line_sets() -> None:
    edit("target = 100", "targt = 100")
    said = problem("run", "--out", "r", "--set", "generate.lookahead=3", "--filter", "unsafe")
    assert "selfinstruct.toml:12: generate.targt: unknown option" in said


def test_a_seed_path_of_the_config_is_named_with_its_line() -> None:
    edit("data/seed_tasks.jsonl", "data/seeds.jsonl")
    for name in ("run", "doctor"):
        assert "selfinstruct.toml:9: run.seeds: there is no seed file data/seeds.jsonl" in (
            command(name, "--out", "r").err + command(name, "--out", "r").out
        )


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ('"data/seed_tasks.jsonl"', '"C:\\Users\\me\\seeds.jsonl"', "single quotes"),
        ('"data/seed_tasks.jsonl"', '"D:\\data\\seeds.jsonl"', "forward slashes"),
        ("target = 100", "target = 20,000", "without commas"),
        ("target = 100", "target: 100", "as NAME = 20000"),
        ("[generate]", "generate:", "Write [TABLE], and each setting on a line below it"),
        ("target = 100", "target = yes", "Yes is true, no is false, in lower case"),
        ("target = 100", 'encoder = { use = "messages" }', "Those for generate: chat-tasks"),
        ("target = 100", "target = 100\n[run.x]\ntrace = True", "in lower case"),
        ("target = 100", 'filters = ["rouge-l", "exact"]', "such as { use = 'rouge-l' }"),
        ("[generate]", "[prepare.filters]\nrouge-l = { threshold = 0.5 }\n[generate]", "rouge-l serves generate"),
        ('use = "demo"', 'use = "demo"\napi_key = "sk-1234567890"', "this backend takes no key"),
    ],
)
def test_a_mistake_in_the_config_is_met_with_what_to_write(old: str, new: str, hint: str) -> None:
    edit(old, new)
    said = problem("run", "--out", "r")
    assert hint in said
    assert "selfinstruct.toml:" in said


def test_a_key_in_the_config_is_taken_with_one_line_of_warning() -> None:
    edit('use = "demo"', 'use = "groq"\napi_key = "gsk_0123456789"\nbase_url = "http://127.0.0.1:9"')
    ended = command("run", "--out", "r", "--max-hours", "0.0001")
    warned = [line for line in ended.err.splitlines() if "belongs in the environment or in .env" in line]
    assert len(warned) == 1, ended.err
    assert warned[0].startswith("warning: selfinstruct.toml:7: backend.api_key: ")
    assert "gsk_" not in ended.err


def test_init_is_offered_only_where_it_makes_the_missing_file() -> None:
    assert "selfinstruct init" not in problem("run", "--config", "x.toml")
    assert "selfinstruct init sub" in problem("run", "--config", "sub/selfinstruct.toml")


def test_one_command_makes_all_that_an_export_lacks() -> None:
    command("generate", "--target", "4", "--out", "g").done()
    assert "Make them first: selfinstruct run --out g, or run() in Python." in problem(
        "export", "--out", "g", "--to", "y"
    )
    assert "run `selfinstruct run --out g` first" in problem("judge", "--out", "g")
    command("run", "--out", "g", "--quiet").done()
    command("export", "--out", "g", "--to", "y").done()


def test_words_of_export_are_those_of_its_options() -> None:
    command("run", "--target", "4", "--out", "g", "--quiet").done()
    assert "the folder for the dataset with --to" in problem("export", "y", "--out", "g")
    said = problem("export", "--to", "y", "--out", "g", "--format", "alpacca")
    assert said.startswith("error: format alpacca: no format is called 'alpacca'; did you mean 'alpaca'?")
    said = problem("export", "--to", "y", "--out", "g", "--set", "export.encoder.sytem=x")
    assert said.startswith("error: --set export.encoder.sytem: unknown option")


def test_a_run_that_holds_only_a_preview_may_be_deleted_for_other_seeds_or_settings() -> None:
    command("preview", "--out", "p").done()
    others = Path("others.jsonl")
    others.write_text("".join(Path("data/seed_tasks.jsonl").read_text("utf-8").splitlines(True)[:20]), "utf-8")
    for line in (("--seeds", "others.jsonl"), ("--set", "generate.sampling.temperature=0.1")):
        assert "holds nothing but a preview: delete the folder" in problem("run", "--out", "p", *line)
    command("run", "--out", "p", "--target", "9", "--quiet").done()
    assert "preview" not in problem("run", "--out", "p", "--seeds", "others.jsonl")


def test_a_seed_file_that_is_edited_within_a_run_is_named_and_changes_nothing() -> None:
    line = ("generate", "--out", "r", "--target", "3")
    assert "edited" not in command(*line).done().err
    seeds = Path("data/seed_tasks.jsonl")
    seeds.write_text(seeds.read_text("utf-8").replace("Write", "Draft"), "utf-8")
    for quiet in ((), ("--quiet",)):  # it changes what the run means
        assert "warning: data/seed_tasks.jsonl was edited; this run keeps its" in command(*line, *quiet).done().err
    seeds.write_text("no seed task\n", "utf-8")
    assert "edited" not in command(*line).done().err
    seeds.unlink()
    command(*line).done()


def test_a_run_says_which_seeds_it_takes() -> None:
    line = ("generate", "--backend", "demo", "--target", "3")
    assert "seeds: 175 tasks from data/seed_tasks.jsonl\n" in command(*line, "--out", "named").done().err
    assert "seeds: the 175 built-in ones\n" in command(*line, "--seeds", "builtin", "--out", "chosen").done().err
    edit('seeds = "data/seed_tasks.jsonl"', "")
    note = "seeds: the 175 built-in ones, since selfinstruct.toml names no seeds\n"
    assert note in command(*line, "--out", "unnamed").done().err
    CONFIG.unlink()
    note = "seeds: the 175 built-in ones, since there is no selfinstruct.toml in this folder\n"
    assert note in command(*line, "--out", "elsewhere").done().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--max-usd", "1"), "--max-usd: the price of tokens is not known"),
        (("--set", "budget.max_usd=1"), "--set budget.max_usd: the price of tokens is not known"),
        (
            ("--set", "judge.backend.use=demo", "--set", "judge.budget.max_usd=1", "--judge"),
            "--set judge.budget.max_usd: the price of tokens is not known of the backend of judge",
        ),
        ((), "selfinstruct.toml:12: budget.max_usd: the price of tokens is not known"),
    ],
)
def test_a_budget_without_prices_is_named_as_it_was_given(line: tuple[str, ...], words: str) -> None:
    if not line:
        edit("[generate]", "[budget]\nmax_usd = 1\n\n[generate]")
    assert f"error: {words}" in problem("run", "--out", "r", *line)


def test_a_filter_is_added_to_the_stage_of_the_command_or_the_option_that_adds_it_is_named() -> None:
    said = problem("run", "--out", "r", "--filter", "facts")
    assert "--filter facts: filter 'facts' does not serve the stage generate, only prepare" in said
    adding = said.partition("Add it there: --set '")[2].partition("'\n")[0]
    run = ("run", "--backend", "demo", "--target", "5", "--quiet")
    command(*run, "--out", "r", "--set", adding).done()
    command(*run, "--out", "s").done()
    assert "facts" not in filters_of_prepare("s")
    command("prepare", "--out", "s", "--filter", "facts", "--quiet").done()
    assert "facts" in filters_of_prepare("s")
    assert "facts" in filters_of_prepare("r")
    assert "does not serve the stage classify, only gen" in problem("classify", "--out", "s", "--filter", "exact")
    assert "error: --filter sums: filter 'sums' does" in problem("reprocess", "s", "--out", "t", "--filter", "sums")


def filters_of_prepare(out: str) -> list[str]:
    with closing(RunStore.open_readonly(Path(out))) as store:
        recorded = store.facts.stage_config("prepare")
    assert recorded is not None
    return [one["use"] for one in recorded["filters"]]


def test_a_recipe_may_be_set_like_any_value() -> None:
    assert "--set recipe: no recipe is called 'papr'" in problem("run", "--out", "r", "--set", "recipe=papr")
    command("generate", "--out", "r", "--set", "recipe=paper", "--target", "1", "--quiet").done()
    assert "run.lookahead: 5 in the run, now 16" in problem("run", "--out", "r", "--recipe", "chat")


def test_a_seed_file_of_excel_is_named_as_one() -> None:
    Path("tasks.xlsx").write_bytes(b"PK\x03\x04\x14\x00\xff\xfe")
    assert "tasks.xlsx is a spreadsheet or an archive" in problem("run", "--out", "r", "--seeds", "tasks.xlsx")


def test_a_budget_of_one_is_not_called_several() -> None:
    said = problem("run", "--out", "r", "--max-requests", "1", code=5)
    assert "stopped: the budget of 1 request is used up" in said


def test_init_and_preview_say_that_a_run_keeps_its_seeds() -> None:
    assert "write your own tasks into new/data/seed_tasks.jsonl, since a run keeps" in command("init", "new").done().out
    assert "keeps the seed tasks and settings" in " ".join(command("preview", "--help").done().out.split())


@pytest.mark.parametrize(("count", "fewer"), [(5, "total=5 --set generate.sampler.machine=2"), (1, "total=1 --set")])
def test_with_few_seeds_the_numbers_that_are_named_work(count: int, fewer: str) -> None:
    tasks = Path("data/seed_tasks.jsonl").read_text("utf-8").splitlines(True)[:count]
    Path("few.jsonl").write_text("".join(tasks), "utf-8")
    said = problem("run", "--recipe", "paper", "--seeds", "few.jsonl", "--out", "r")
    assert fewer in said
    assert "1 seed tasks" not in said
    settings = said.partition("show fewer: ")[2].split()
    command("generate", "--recipe", "paper", "--seeds", "few.jsonl", "--out", "r", "--target", "2", *settings).done()


def test_one_of_a_thing_is_not_called_several() -> None:
    Path("one.jsonl").write_text('{"instruction": "Sing.", "output": "La."}', "utf-8")
    assert (
        "1 seed task from one.jsonl"
        in command(
            "doctor", "--seeds", "one.jsonl", "--set", "generate.sampler.total=1", "--set", "generate.sampler.machine=0"
        ).out
    )
    assert "one.jsonl: 1 row, 1 kept" in command("dedup", "one.jsonl", "--out", "kept.jsonl").done().out


def test_why_lists_first_what_begins_with_the_words_or_contains_them() -> None:
    command("generate", "--target", "60", "--out", "g").done()
    store = RunStore.open_readonly(Path("g"))
    texts = [text for _, _, text in store.ledger().texts("generate")]
    store.close()
    longest = max(texts, key=len).split()
    begin, middle = " ".join(longest[:3]), " ".join(longest[4:7])
    for words in (begin.upper(), middle):
        first = problem("why", words, "--out", "g").splitlines()[2].split(maxsplit=1)[1].casefold()
        assert words.casefold() in first, first
    assert (
        begin.casefold()
        == problem("why", begin, "--out", "g").splitlines()[2].split(maxsplit=1)[1].casefold()[: len(begin)]
    )


def test_arguments_that_the_class_does_not_take_are_explained() -> None:
    takes: object = SelfInstruct
    assert callable(takes)
    for named, words in (
        ({"seed": 7}, 'settings={"run.seed": ...}'),
        ({"target": 7}, 'settings={"generate.target": ...}'),
        ({"plugin": []}, "did you mean 'plugins'"),
    ):
        with pytest.raises(UsageError) as raised:
            takes(backend="demo", **named)
        assert words in str(raised.value)
    for config in ({"out": None}, {"config": {"run": {"seed": 7}}}):
        with pytest.raises(UsageError, match="takes a path, not"):
            takes(backend="demo", **config)
    with pytest.raises(UsageError, match="by name"):
        takes("demo")
    with pytest.raises(UsageError, match=r"^settings: generate.targt: unknown option"):
        SelfInstruct(settings={"generate": {"targt": 5}})
    with pytest.raises(UsageError, match=r"^SelfInstruct\(backend=...\): no backend is called 'grok'"):
        SelfInstruct(backend="grok")


def test_the_table_of_a_list_may_be_given_by_its_dotted_name() -> None:
    grow = SelfInstruct(backend="demo", out="r", settings={"generate.filters": {"length": {"min_words": 9}}})
    assert all(len(text.split()) >= 9 for text in grow.generate(3).instructions)
    with pytest.raises(ConfigError, match="all of its path as one dotted name"):
        SelfInstruct(backend="demo", settings={"generate": {"filters.length.min_words": 9}})


def test_lines_of_an_env_file_that_set_nothing_are_named() -> None:
    Path(".env").write_text('GROQ_API_KEY = "gsk\n# a comment\nA_KEY: abc\n', "utf-8")
    ended = command("run", "--out", "r", "--target", "2").done()
    assert ended.err.startswith("warning: .env:1: this line sets nothing; write NAME=VALUE")
    assert "warning: .env:3: this line sets nothing" in ended.err
    assert ".env:2" not in ended.err


def test_a_seed_file_that_is_imported_is_met_with_the_option_for_it() -> None:
    seeds = "data/seed_tasks.jsonl"
    assert "Give seed tasks with --seeds; they need no import." in problem(
        "import", seeds, "--seeds", seeds, "--out", "r"
    )


def test_a_file_type_in_place_of_a_format_is_met_with_the_option_for_it() -> None:
    command("run", "--out", "r", "--target", "3").done()
    assert "--file jsonl or --file parquet" in problem("export", "--out", "r", "--to", "d", "--format", "parquet")


@pytest.mark.parametrize(
    ("named", "words"),
    [("./mine.py", "a filter returns keep() or drop()"), ("folder", "--plugin ./folder/FILE.py")],
)
def test_a_plugin_that_cannot_be_loaded_is_met_with_what_to_write(named: str, words: str) -> None:
    Path("mine.py").write_text("from selfinstruct.api import reject\n", "utf-8")
    Path("folder").mkdir()
    assert words in problem("plugins", "check", "--plugin", named, code=3)


def test_a_host_that_is_not_found_is_no_server_to_start() -> None:
    assert outage_hint(gaierror(-2, "Name or service not known")) == NO_NAME
