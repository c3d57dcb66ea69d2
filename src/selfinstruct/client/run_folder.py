"""Python access to a run folder: status, instructions, examples and exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfinstruct.client.arguments import check_arguments
from selfinstruct.client.event_loop import async_twin
from selfinstruct.errors import UsageError
from selfinstruct.export.best_examples import Balance
from selfinstruct.export.contracts import example_rows
from selfinstruct.export.dataset import Exported, FileFormat
from selfinstruct.export.training_rows import training_rows
from selfinstruct.insight.notebook import html_heading
from selfinstruct.insight.status import RunStatus, read_status
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.dataset_export import ExportOptions, add_recorded_plugins, export_run, training_encoder
from selfinstruct.run.settings import Settings
from selfinstruct.store import RunStore
from selfinstruct.store.curated import CuratedRun
from selfinstruct.types import Example, Instruction

if TYPE_CHECKING:
    import datasets
    import pandas


class RunFolder:
    """Reads and exports a run. Nothing is kept open between calls, and another process may be writing."""

    def __init__(self, settings: Settings, plugins: Sequence[object] = ()) -> None:
        self._settings = settings
        self._objects = plugins

    @property
    def out(self) -> Path:
        """The run folder."""
        return self._settings.folder

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {str(self.out)!r}>"

    def _repr_html_(self) -> str:
        """The status of the run as HTML for notebooks."""
        if not RunStore.exists(self.out):
            return html_heading(str(self.out), "There is no run yet: call run() or generate().")
        return self.status()._repr_html_()

    @check_arguments
    def status(self, *, more: int | None = None) -> RunStatus:
        """Read the status of the run.

        `more` asks for a forecast of what so many more instructions need. Raises `RunError` if there is no run.
        """
        with closing(RunStore.open_readonly(self.out)) as store:
            return read_status(store, more)

    def instructions(self) -> Iterator[Instruction]:
        """The accepted instructions that the run holds now, oldest first, after reviews."""
        if RunStore.exists(self.out):
            with closing(RunStore.open_readonly(self.out)) as store:
                yield from CuratedRun(store).instructions()

    def __iter__(self) -> Iterator[Instruction]:
        """The same as `instructions`."""
        return self.instructions()

    def examples(self) -> Iterator[Example]:
        """The training examples that the run holds now, in order, after reviews."""
        if RunStore.exists(self.out):
            with closing(RunStore.open_readonly(self.out)) as store:
                yield from (kept.example for kept in CuratedRun(store).examples())

    @check_arguments
    def to_pandas(self, format: str | None = None) -> pandas.DataFrame:  # noqa: A002 - as `export` calls it
        """The training examples as a pandas data frame (`pip install 'selfinstruct[pandas]'`).

        The columns are instruction, input, output, is_classification and id, or those of a training format. Raises
        `UsageError` if there are no examples, or pandas is not installed.
        """
        frame: pandas.DataFrame = _imported("pandas", "to_pandas()").DataFrame(self._rows(format))
        return frame

    @check_arguments
    def to_dataset(self, format: str | None = None) -> datasets.Dataset:  # noqa: A002 - as `export` calls it
        """The training examples as a Hugging Face dataset in memory (`pip install 'selfinstruct[datasets]'`).

        Columns and errors are those of `to_pandas`. `to_dataset("messages")` is what TRL trains on.
        """
        rows = self._rows(format)
        package = _imported("datasets", "to_dataset()")
        try:
            dataset: datasets.Dataset = package.Dataset.from_list(rows)
        except (TypeError, ValueError) as error:  # as Arrow's own errors are
            cause = " ".join(str(error).split())
            hint = "Call to_pandas() or export(to=...)."
            raise UsageError(f"a dataset cannot hold these rows: {cause}", hint) from error
        return dataset

    @check_arguments
    def export(
        self,
        to: str | Path | None = None,
        *,
        format: str | None = None,  # noqa: A002 - as the command line calls it
        file: FileFormat = "jsonl",
        split: float = 0.95,
        best: int | None = None,
        balance: Balance | None = None,
        license: str = "",  # noqa: A002 - as the command line calls it
        push_to_hub: str | None = None,
        public: bool = False,
        mlx: bool = False,
        languages: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> Exported:
        """Write the training examples to the folder `to` as a dataset; without `to`, write the run's own files again.

        format       a training format, such as "alpaca"; the run's own if not given
        file         "jsonl" or "parquet"
        split        the share of the train part, above 0 and at most 1; the rest is validation
        best         export only this many examples, chosen by rating and distance
        balance      choose evenly over "label", a fact such as "topic", or "facts" (all together)
        license      the licence for the card, as the Hub names it, such as "llama3.1" or "other"
        push_to_hub  upload the dataset to this private repository of the Hugging Face Hub
        public       make that repository public; needs `license`
        mlx          name the validation part `valid.jsonl`, as MLX reads it
        languages    of the data, for its card, as codes such as "en"
        columns      to add to each row: "id", "is_classification", and facts such as "topic"

        Raises `RunError` if there are no examples or the folder holds other files, `UsageError` for wrong arguments.
        """
        options = ExportOptions(
            to=Path(to) if to is not None else None,
            format=format,
            file=file,
            split=split,
            best=best,
            balance=balance,
            license=license,
            push_to_hub=push_to_hub,
            public=public,
            mlx=mlx,
            languages=tuple(languages),
            columns=tuple(columns),
        )
        with closing(RunStore.open_readonly(self.out)) as store:
            return export_run(store, options, settings=self._settings, registry=self._registry_for(store))

    astatus = async_twin(status)
    aexport = async_twin(export)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _registry(self) -> Registry:
        """All plugins: installed, named, or passed as objects."""
        registry = Registry.load(self._settings.plugins)
        names: Counter[str] = Counter()
        for plugin in self._objects:
            names[name := getattr(plugin, "__name__", type(plugin).__name__)] += 1
            registry.register(plugin, name if names[name] == 1 else f"{name}-{names[name]}")
        return registry

    def _registry_for(self, store: RunStore) -> Registry:
        """All plugins, and those that the run names. A missing plugin is ignored unless it is needed."""
        registry = self._registry()
        add_recorded_plugins(registry, store, lambda _: None)
        return registry

    def _rows(self, name: str | None) -> list[dict[str, Any]]:
        with closing(RunStore.open_readonly(self.out)) as store:
            if name is None:
                rows = list(example_rows(CuratedRun(store)))
            else:
                _, encoder = training_encoder(store, self._settings, self._registry_for(store), name=name)
                rows = list(training_rows(store, encoder))
        if not rows:
            raise UsageError("there are no training examples yet: call run() first")
        return rows


def _imported(package: str, call: str) -> Any:
    try:
        return import_module(package)
    except ModuleNotFoundError:
        raise UsageError(f"{call} needs the package {package}", f"Run: pip install 'selfinstruct[{package}]'") from None
