"""What came out of a search: its trials, their front, the report, exported models."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nas.errors import UNREADABLE, RunError, one_line
from nas.export import ModelFacts, write
from nas.latency import Latency
from nas.records import Recipe, TrialRecord
from nas.report import (
    Effects,
    RepeatFacts,
    Summary,
    best,
    effects,
    is_compared,
    judged,
    pareto_front,
    reference_point,
    repeat_facts,
    summarize,
    write_report,
)
from nas.search import RunFolder, SearchConfig
from nas.search.latencies import newest, read_latencies
from nas.search.mending import file_digest
from nas.search.noise_files import read_beliefs, read_repeats


@dataclass(frozen=True)
class Run:
    """A search's run folder, with what came out of it.

    Raises:
        RunError: when there is no run in the folder.
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        RunFolder.open(self.path)

    @property
    def folder(self) -> RunFolder:
        """The run's files."""
        return RunFolder(self.path)

    @cached_property
    def config(self) -> SearchConfig:
        """What the search was asked to do."""
        return self.folder.config()

    @property
    def records(self) -> list[TrialRecord]:
        """All finished trials, failed ones among them, as they are on disk now."""
        return self.folder.records()

    @property
    def front(self) -> tuple[TrialRecord, ...]:
        """The trials that no other beats in all objectives, by the first cost.

        That is accuracy and size, smallest first, unless the search had others.
        Repeated trials compete with the mean of their repeats.
        """
        records = {record.trial: record for record in self.records}
        now = judged(records.values(), read_repeats(self.folder))
        front = pareto_front(now, self.config.costs)
        return tuple(records[record.trial] for record in front)

    def best(self, max_params: int | None = None) -> TrialRecord:
        """Return the most accurate trial, among those of at most ``max_params``.

        Repeated trials compete with the mean of their repeats, trials of a baseline
        like any others. Of equally accurate ones it is the cheapest.

        Raises:
            RunError: when there is none.
        """
        records = self.records
        now, costs = judged(records, read_repeats(self.folder)), self.config.costs
        found = best(now, max_params, costs)
        if found is None:
            compared = (r.params for r in records if is_compared(r, costs))
            smallest = min(compared, default=None)
            raise RunError(
                f"{self.path} has no finished trial yet; continue it with 'nas resume'"
                if smallest is None
                else f"{self.path} has no trial of at most {max_params:,} parameters; "
                f"its smallest has {smallest:,}"
            )
        return next(record for record in records if record.trial == found.trial)

    def trial(self, number: int) -> TrialRecord:
        """Return the finished trial of a number.

        Raises:
            RunError: when there is none.
        """
        records = self.records
        for record in records:
            if record.trial == number:
                return record
        numbers = [record.trial for record in records]
        has = f"it has 0 to {max(numbers)}" if numbers else "it has none"
        raise RunError(f"{self.path} has no finished trial {number}; {has}")

    def recipe(self, record: TrialRecord) -> Recipe:
        """Return what one of the run's trials was trained with."""
        return record.trained_with(self.config.recipe)

    def repeats(self, number: int) -> RepeatFacts | None:
        """Return what the repeats of a trial came to, None when it has none."""
        return repeat_facts(read_repeats(self.folder).get(number, ()))

    def latencies(self, record: TrialRecord) -> tuple[Latency, ...]:
        """Return what was measured of a trial's network, by device and batch size.

        That is by 'nas measure' and, where latency is an objective, by the search.

        Raises:
            RunError: when it cannot be read.
        """
        searched = () if record.latency is None else (record.latency,)
        return newest((*searched, *read_latencies(self.folder).get(record.hash, ())))

    def summary(self) -> Summary:
        """Return the front with what is known about its noise, and hypervolumes."""
        config, records = self.config, self.records
        repeats = read_repeats(self.folder)
        reference = reference_point(
            records,
            self.folder.facts(),
            config.max_params,
            config.recipe.objective,
            config.costs[0],
        )
        beliefs = read_beliefs(self.folder, records, repeats)
        return summarize(records, reference, repeats, beliefs, config.costs)

    def report(self) -> Summary:
        """Write the report and the data's facts into the run; return its summary.

        Raises:
            RunError: when it cannot be written or, at last, its pictures be drawn.
        """
        config, facts = self.config, self.folder.facts()
        kind = config.recipe.objective.replace("-", " ")
        found = self.summary()
        records = found.records
        epochs = sorted({self.recipe(record).epochs for record in records})
        ends = dict.fromkeys((*epochs[:1], *epochs[-1:])) or [config.recipe.epochs]
        trained = f"{' to '.join(map(str, ends))} epochs"
        known = effects(records) if any(r.recipe for r in records) else None
        path = self.folder.report_path
        try:
            write_report(
                found,
                path,
                title=f"{facts['name']}, {trained}, {kind}",
                max_params=config.max_params,
                epochs=config.recipe.epochs,
                data=facts,
                effects=known,
                latencies={r.trial: self.latencies(r) for r in found.front},
            )
        except Exception as error:  # a broken matplotlib fails in every way there is
            why = getattr(error, "strerror", None) or one_line(error)
            raise RunError(f"{path}: the report cannot be written: {why}") from error
        return found

    @property
    def effects(self) -> Effects | None:
        """What accuracy went by when the report was written last.

        None where recipes were not searched, or trials were too few to say.

        Raises:
            RunError: when it cannot be read.
        """
        path = self.folder.report_path / "effects.json"
        if not path.exists():
            return None
        try:
            return Effects.from_json(json.loads(path.read_bytes()))
        except UNREADABLE as error:
            raise RunError(
                f"{path}: cannot be read: {one_line(error)}; delete it, 'nas report' "
                "makes it anew"
            ) from None

    def export(self, to: Path | str, record: TrialRecord | None = None) -> Path:
        """Write a trial, by default the best one, as ``model.py`` and its weights.

        Args:
            to: a folder that is empty or not there yet.
            record: one of this run's.

        Returns:
            The path of ``model.py``.

        Raises:
            RunError: when the trial failed or its weights are gone, or the folder holds
                something.
        """
        record = record or self.best()
        if record.status != "complete":
            cause = f"failed ({record.error})"
            if record.status == "stopped":
                whole = self.config.recipe.epochs
                cause = f"was stopped after {len(record.curve)} of {whole} epochs"
            raise RunError(f"trial {record.trial} {cause}; choose another --trial")
        weights = self.folder.weights_path(record.trial)
        if not weights.is_file():
            raise RunError(
                f"trial {record.trial} has no weights: {weights} is gone; "
                "choose another --trial"
            )
        if record.weights not in (None, file_digest(weights)):
            raise RunError(
                f"{weights}: are not the weights that were trained, their checksum "
                f"differs; 'nas resume {self.path}' trains them again"
            )
        assert record.accuracy is not None
        facts = self.folder.facts()
        return write(
            Path(to),
            record.architecture,
            tuple(facts["mean"]),
            tuple(facts["std"]),
            tuple(facts["classes"]),
            weights,
            ModelFacts(
                name=f"{self.path.name}, trial {record.trial}",
                data=facts["name"],
                accuracy=record.accuracy,
                recipe=self.recipe(record),
                seed=record.seed,
                origin=f"trial {record.trial} of {self.path}",
            ),
        )
