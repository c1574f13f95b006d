"""What came out of a search: its trials, their front, the report, exported models."""

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Final

from nas.ablations import read_ablations
from nas.errors import UNREADABLE, ConfigError, RunError, one_line, unknown
from nas.export import (
    Package,
)
from nas.latency import Latency
from nas.nn.cost import cost
from nas.packages import export, first_training, retrained_package, trial_package
from nas.records import ARMS, Recipe, TrialRecord
from nas.report import (
    Band,
    Contest,
    Effects,
    Entrant,
    Explanation,
    RepeatFacts,
    Source,
    Summary,
    best,
    contest,
    effects,
    explain,
    is_compared,
    judged,
    pareto_front,
    reference_point,
    repeat_facts,
    size_bands,
    summarize,
    titles,
    write_report,
    write_retrained,
)
from nas.report.ablated import Ablation
from nas.report.page.write import PAGE, write_page
from nas.report.write_ablated import write_ablations
from nas.retraining import Protocol
from nas.search import RunFolder, SearchConfig
from nas.search.board.anew import write_events
from nas.search.bound_space import bound_space
from nas.search.importances import importances
from nas.search.latencies import newest, read_latencies
from nas.search.noise_files import read_beliefs, read_repeats
from nas.search.page_data import page_data
from nas.search.retrain_files import Retrained, read_retrained

CHOICES: Final = ("front", "best")
"""Words for trials of a run; others are chosen by their numbers."""


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

    def chosen(self, trials: str | Sequence[int]) -> list[TrialRecord]:
        """Return trials that are asked for by a word or by their numbers.

        Args:
            trials: "front", "best", or numbers; each trial comes once.

        Raises:
            ConfigError: for another word, or no numbers.
            RunError: when there is no such trial.
        """
        if not isinstance(trials, str):
            if not trials:
                raise ConfigError("trials must be at least one; got none")
            return [self.trial(number) for number in dict.fromkeys(trials)]
        if trials not in CHOICES:
            raise ConfigError(unknown("trials", trials, CHOICES))
        front = self.front
        if not front:
            raise RunError(
                f"{self.path} has no complete trial; continue it with 'nas resume'"
            )
        return list(front) if trials == "front" else [self.best()]

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

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """Bands of size from the space's smallest network to the budget."""
        space = bound_space(self.folder)
        return size_bands(space.min_params, space.max_params)

    def explanation(self, arm: str | None = None) -> Explanation:
        """Return what accuracy at a given size goes by: genes, aggregations, in words.

        Args:
            arm: whose trials, "search" or "random", None for all.

        Raises:
            ConfigError: for another arm, or "random" of a run without one.
        """
        if arm is not None and arm not in ARMS:
            raise ConfigError(unknown("arm", arm, ARMS))
        records = judged(self.records, read_repeats(self.folder))
        some = [record for record in records if arm in (None, record.arm)]
        if arm == "random" and not some and self.config.baseline is None:
            raise ConfigError(
                f"{self.path} has no random arm; 'nas search --baseline random' has one"
            )
        source = Source(
            run=str(self.path),
            trials=self.config.trials,
            minimised=titles(self.config.costs),
            random=sum(r.arm == "random" and r.status == "complete" for r in records),
        )
        key = (source, *((r.trial, r.status, r.accuracy) for r in some))
        if key not in self._explanations:
            found = explain(some, self.bands, importances(some), source)
            self._explanations[key] = found
        return self._explanations[key]

    @cached_property
    def _explanations(self) -> dict[tuple[Hashable, ...], Explanation]:
        """Explanations by what they come from: they take seconds."""
        return {}

    def contests(self) -> dict[Protocol, Contest]:
        """Return what retrained networks came to, the latest protocol's last.

        Raises:
            RunError: when a result cannot be read.
        """
        retrained = read_retrained(self.folder)
        if not retrained:
            return {}
        found = judged(self.records, read_repeats(self.folder))
        trials = {record.trial: record for record in found}
        costs = tuple(axis.name for axis in self.config.costs)
        images = self.folder.facts()["test"]
        return {
            protocol: contest(
                protocol,
                [_entrant(each, protocol, trials, costs) for each in several],
                images,
                costs,
                self.config.recipe.objective.replace("-", " "),
            )
            for protocol, several in retrained.items()
        }

    def ablations(self) -> tuple[Ablation, ...]:
        """Return what ablations came to, by trials, the latest of each trial last.

        Raises:
            RunError: when a result cannot be read.
        """
        return read_ablations(self.folder)

    def report(self) -> Summary:
        """Write the report and the data's facts into the run; return its summary.

        Raises:
            RunError: when it cannot be written or, at last, its pictures be drawn.
            SpaceError: when the run's search space cannot be read; nothing is written.
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
        latencies = {r.trial: self.latencies(r) for r in found.front}
        ablations, explanation = self.ablations(), self.explanation()
        try:
            write_report(
                found,
                path,
                title=f"{facts['name']}, {trained}, {kind}",
                max_params=config.max_params,
                epochs=config.recipe.epochs,
                data=facts,
                effects=known,
                latencies=latencies,
            )
            if contests := self.contests():
                write_retrained(contests, path, title=f"{facts['name']}, retrained")
            write_ablations(ablations, path, title=facts["name"])
            told = page_data(
                self.folder,
                found,
                latencies=latencies,
                contests=contests,
                explanation=explanation,
                ablations=ablations,
            )
            write_page(told, path / PAGE)
        except Exception as error:  # a broken matplotlib fails in every way there is
            why = getattr(error, "strerror", None) or one_line(error)
            raise RunError(f"{path}: the report cannot be written: {why}") from error
        return found

    def write_events(self) -> None:
        """Write what TensorBoard shows of the search anew, from the trials.

        A search does so while it runs, so this is for runs of old, and after repeats.

        Raises:
            RunError: when not all of it can be written.
        """
        known = {one.gene: one.value for one in self.explanation().importances}
        write_events(self.folder, known)

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

    def export(
        self,
        to: Path | str,
        record: TrialRecord | None = None,
        *,
        seed: int | None = None,
        formats: Sequence[str] = (),
    ) -> Path:
        """Write a trial, by default the best one, as code with its weights.

        Args:
            to: a folder that is empty or not there yet.
            record: one of this run's.
            seed: which of its trainings: 0 for that of the search, from 1 on for those
                of the latest retraining; None for the first of the latter if there is
                one.
            formats: other forms of the model: "onnx" and "torch-export" for files in
                these, "hub" for what the Hugging Face hub asks for, "int8" for a
                quantised file, which takes the run's data.

        Returns:
            The path of ``model.py``.

        Raises:
            RunError: when the trial failed or its weights are gone, or the folder holds
                something, or the run's data are others now.
            ConfigError: for an unknown format, or one whose packages are missing.
            DataError: when the data are gone that a format takes.
            SpecError: when the network has no such form.
        """
        package = self.package(record or self.best(), seed)
        return export(self.folder, package, Path(to), formats).model

    def package(self, record: TrialRecord, seed: int | None = None) -> Package:
        """Return a trial of this run as what can be exported; see `export`.

        Raises:
            RunError: when the trial failed, there is no such training, or its weights
                are gone.
        """
        folder, latencies = self.folder, self.latencies(record)
        name = f"trial-{record.trial}"
        if seed is None:
            seed = first_training(folder, name) or 0
        package = (
            retrained_package(folder, name, seed, record.accuracy)
            if seed
            else trial_package(folder, record)
        )
        return package.with_facts(latency=latencies)


def _entrant(
    retrained: Retrained,
    protocol: Protocol,
    trials: Mapping[int, TrialRecord],
    costs: Sequence[str],
) -> Entrant:
    contender, trainings = retrained.contender, retrained.trainings
    total = cost(contender.architecture).total
    recipe, small = contender.recipe, retrained.quantized
    record = None if contender.trial is None else trials.get(contender.trial)
    latency = None if record is None else record.latency
    known: dict[str, float | None] = {
        "params": total.params,
        "macs": total.macs,
        "latency": None if latency is None else latency.median_ms,
    }
    spent = [value for name in costs if (value := known[name]) is not None]
    return Entrant(
        name=contender.name,
        trial=contender.trial,
        params=total.params,
        size=contender.target or total.params,
        macs=total.macs,
        costs=tuple(spent) if len(spent) == len(costs) else None,
        epochs=protocol.epochs or recipe.epochs,
        searched=None if record is None else record.accuracy,
        reached={
            training.number: training.tested.objective(recipe)
            for training in trainings
            if training.tested is not None
        },
        validated={
            training.number: training.curve[-1]
            for training in trainings
            if training.tested is not None and training.curve
        },
        failed=sum(training.tested is None for training in trainings),
        quantized={n: found.accuracy for n, found in small.items()},
        num_bytes=fmean(q.float_bytes for q in small.values()) if small else None,
        quantized_bytes=fmean(q.num_bytes for q in small.values()) if small else None,
    )
