"""What came out of a search: its trials, their front, the report, exported models."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from nas.data import load
from nas.errors import UNREADABLE, DataError, RunError, one_line
from nas.export import (
    CARD,
    HUB_CARD,
    INT8,
    STEPS,
    AddInt8,
    ImageFacts,
    ModelFacts,
    Package,
    Step,
    check_formats,
    write,
)
from nas.records import Recipe, TrialRecord
from nas.report import (
    Effects,
    RepeatFacts,
    Summary,
    best,
    effects,
    judged,
    pareto_front,
    reference_point,
    repeat_facts,
    summarize,
    write_report,
)
from nas.search import RunFolder, SearchConfig
from nas.search.changes import check_data
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
        """The trials that no other beats in accuracy and size, smallest first.

        Repeated trials compete with the mean of their repeats.
        """
        records = {record.trial: record for record in self.records}
        front = pareto_front(judged(records.values(), read_repeats(self.folder)))
        return tuple(records[record.trial] for record in front)

    def best(self, max_params: int | None = None) -> TrialRecord:
        """Return the most accurate trial, among those of at most ``max_params``.

        Repeated trials compete with the mean of their repeats, trials of a baseline
        like any others.

        Raises:
            RunError: when there is none.
        """
        records = self.records
        found = best(judged(records, read_repeats(self.folder)), max_params)
        if found is None:
            smallest = min((r.params for r in pareto_front(records)), default=None)
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

    def summary(self) -> Summary:
        """Return the front with what is known about its noise, and hypervolumes."""
        config, records = self.config, self.records
        repeats = read_repeats(self.folder)
        reference = reference_point(
            records, self.folder.facts(), config.max_params, config.recipe.objective
        )
        beliefs = read_beliefs(self.folder, records, repeats)
        return summarize(records, reference, repeats, beliefs)

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

    def export(
        self,
        to: Path | str,
        record: TrialRecord | None = None,
        steps: Sequence[Step] = (),
        formats: Sequence[str] = (),
    ) -> Path:
        """Write a trial, by default the best one, as code with its weights.

        Args:
            to: a folder that is empty or not there yet.
            record: one of this run's.
            steps: write further files, see ``nas.export``; after the formats.
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
        check_formats(formats)
        package = self.package(record or self.best())
        chosen = [STEPS[name] for name in formats if name != INT8]
        if INT8 in formats:
            chosen.append(self._quantization(package))
        card = HUB_CARD if "hub" in formats else CARD
        return write(Path(to), package, [*chosen, *steps], card)

    def _quantization(self, package: Package) -> Step:
        """Return what quantises a network by the run's data, and measures it."""
        config = self.config
        try:
            dataset = load(config.data, image_size=config.image_size)
        except DataError as error:
            raise DataError(
                f"int8 needs the images that {self.path} has trained on: {error}"
            ) from None
        check_data(self.folder, dataset)
        from nas.train.scored import scored

        data, recipe = dataset.for_search(), package.facts.recipe
        assert recipe is not None
        return AddInt8(
            images=data.train.images,
            score=partial(
                scored,
                split=data.validation,
                num_classes=data.num_classes,
                objective=recipe.objective,
            ),
            split="validation",
        )

    def package(self, record: TrialRecord) -> Package:
        """Return a trial of this run as what can be exported.

        Raises:
            RunError: when the trial failed or its weights are gone.
        """
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
        file = self.folder.file()
        again = read_repeats(self.folder).get(record.trial, ())
        searched = tuple(map(str, file.environment.get("command", ())))
        return Package(
            architecture=record.architecture,
            mean=tuple(file.data["mean"]),
            std=tuple(file.data["std"]),
            classes=tuple(file.data["classes"]),
            weights=weights,
            facts=ModelFacts(
                name=f"{self.path.name}, trial {record.trial}",
                data=file.data["name"],
                origin=f"trial {record.trial} of {self.path}",
                seed=record.seed,
                recipe=self.recipe(record),
                accuracy=record.accuracy,
                repeats=tuple(
                    (repeat.seed, repeat.accuracy)
                    for repeat in again
                    if repeat.accuracy is not None
                ),
                images=_images(file.data),
                commands=(
                    *([searched] if searched[1:2] == ("search",) else []),
                    ("nas", "export", str(self.path), "--trial", str(record.trial)),
                ),
                versions={
                    name: str(file.environment[name])
                    for name in ("nas", "torch", "python")
                    if name in file.environment
                },
            ),
        )


def _images(data: Mapping[str, Any]) -> ImageFacts | None:
    """Return how many images a run's data have, which runs of old do not tell."""
    match data:
        case {"fitted": int(train), "validation": int(validation), "test": int(test)}:
            return ImageFacts(train=train, validation=validation, test=test)
    return None
