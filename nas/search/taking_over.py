"""Trials of an earlier run that a new one begins with."""

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from nas.arch import Architecture, Gene
from nas.data import Dataset
from nas.errors import RunError, SpaceError, counted
from nas.noise import Repeat
from nas.records import RECIPE_GENES, Recipe, TrialRecord, candidate_key
from nas.report import is_compared
from nas.search.changes import data_changes
from nas.search.config import SearchConfig
from nas.search.noise_files import finish_repeat, read_repeats, repeat_path
from nas.search.run import RunFolder
from nas.space import BoundSpace
from nas.space.bound import TARGET

_LEFT: Final = {
    "baseline": ("is of random search", "are of random search"),
    "size": (
        "is larger than {size:,} parameters",
        "are larger than {size:,} parameters",
    ),
    "space": ("is not in the space {space!r}", "are not in the space {space!r}"),
    "recipe": (
        "was trained with another recipe",
        "were trained with another recipe",
    ),
    "cost": ("has no latency", "have no latency"),
    "twice": (
        "is a network that another one is, too",
        "are networks that others are, too",
    ),
}
"""Why trials are left where they are: of one, and of several."""


_GIVEN: Final = (
    "epochs",
    "augment",
    "flip",
    "precision",
    "class_weights",
    "objective",
)
"""Fields of the recipe that are options of a search, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """Complete trials of a run that fit a new search, as that will keep them.

    ``records`` have new numbers, and the genes that the new space has for them;
    ``numbers`` are those that they had. ``line`` says how many there are, and why the
    others stay.
    """

    source: RunFolder
    records: tuple[TrialRecord, ...]
    numbers: tuple[int, ...]
    line: str

    @property
    def num_searched(self) -> int:
        """How many count as trials of the search, and not of random search beside."""
        return sum(record.arm == "search" for record in self.records)

    def copy_to(self, run: RunFolder) -> None:
        """Copy the trials whole, with their weights, events and repeats."""
        repeats = read_repeats(self.source)
        for number, record in zip(self.numbers, self.records, strict=True):
            run.start_trial(record.trial, record.architecture, record.arm)
            shutil.copytree(
                self.source.trial_path(number),
                run.trial_path(record.trial),
                ignore=_not_copied,
                dirs_exist_ok=True,
            )
            for repeat in repeats.get(number, ()):
                _copy_repeat(self.source, run, repeat, record.trial)
            run.finish_trial(record)
        os.sync()  # all of it at once, before the run gets its name


def taken_over(
    source: RunFolder, config: SearchConfig, space: BoundSpace, dataset: Dataset
) -> TakenOver:
    """Return the trials of a run that a new search can begin with.

    Args:
        source: the run; it may be going on.
        config: of the new search.
        space: of the new search.
        dataset: that it trains on.

    Raises:
        RunError: when no trial fits.
    """
    began = source.began()
    file = source.file() if began is None else began.file
    changes = data_changes(
        file.data, {} if began is None else began.fingerprint, dataset
    )
    if changes:
        raise RunError(
            f"no trial of {source.path} fits, for it was on other data; leave out "
            "--from-run",
            changes,
        )
    complete = [record for record in source.records() if record.status == "complete"]
    left: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    fitting: list[TrialRecord] = []
    numbers: list[int] = []
    for record in complete:
        found = _fitted(record, file.config.recipe, config, space)
        if isinstance(found, str):
            left[found] += 1
            continue
        key = (record.arm, candidate_key(found))
        if key in seen:
            left["twice"] += 1
            continue
        seen.add(key)
        # Where it paused says nothing in a search that pauses others.
        kept = replace(record, trial=len(fitting), architecture=found, standings=())
        fitting.append(kept)
        numbers.append(record.trial)
    reasons = [
        f"{number:,} {_LEFT[why][number > 1]}".format(
            size=config.max_params, space=config.space
        )
        for why, number in left.items()
    ]
    if not fitting:
        why = ", ".join(reasons) or "none is complete"
        raise RunError(f"no trial of {source.path} fits: {why}; leave out --from-run")
    trials = counted(len(complete), "complete trial")
    line = f"{len(fitting):,} of {trials} of {source.path} taken over"
    return TakenOver(
        source=source,
        records=tuple(fitting),
        numbers=tuple(numbers),
        line="; ".join(filter(None, [line, ", ".join(reasons)])),
    )


def options_like(run: RunFolder, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `nas.api.search` for a search like that of a run.

    Args:
        run: the folder of the earlier one.
        changes: options that are to be others, and may exclude some of the run's.
    """
    config, space = run.config(), run.space()
    own = ("space", "recipe", "eta", "devices")
    names = [field.name for field in fields(config) if field.name not in own]
    options = {name: getattr(config, name) for name in names}
    options |= {"space": space, "recipe": config.recipe}
    if "device" not in changes:
        options["devices"] = config.devices
    if changes.get("halving", config.halving):
        options["eta"] = config.eta
    if "space" not in changes:
        # What was given at the time won over what the space has fixed.
        fixed = space.recipe.fixed.keys() & _GIVEN
        options |= {name: getattr(config.recipe, name) for name in fixed}
    return options


def _fitted(
    record: TrialRecord, recipe: Recipe, config: SearchConfig, space: BoundSpace
) -> Architecture | str:
    """Return a trial's network with genes of a space, or why it does not fit."""
    if record.arm == "random" and config.baseline is None:
        return "baseline"
    if record.params > config.max_params:
        return "size"
    if not is_compared(record, config.costs):
        return "cost"
    genes = _genes(record, space)
    if genes is None:
        return "space"
    if config.recipe.with_genes(genes) != recipe.with_genes(record.genes):
        return "recipe"
    return replace(record.architecture, genes=genes)


def _genes(record: TrialRecord, space: BoundSpace) -> Mapping[str, Gene] | None:
    """Return genes that come to a trial's network, its own as far as they can."""
    architecture = record.architecture
    own = dict(record.genes or {})
    for chosen in (own, own | {TARGET: record.params}):
        try:
            if space.decode(chosen) == architecture:
                return chosen
        except SpaceError:
            continue
    recipe = {n: v for n, v in own.items() if n.startswith(RECIPE_GENES)}
    try:
        chosen = space.encode(replace(architecture, genes=None)) | recipe
        fits = space.decode(chosen) == architecture
    except SpaceError:
        return None
    return chosen if fits else None


def _copy_repeat(source: RunFolder, run: RunFolder, repeat: Repeat, to: int) -> None:
    shutil.copytree(
        repeat_path(source, repeat.trial, repeat.number),
        repeat_path(run, to, repeat.number),
        ignore=_not_copied,
    )
    finish_repeat(run, replace(repeat, trial=to))


def _not_copied(folder: str, names: list[str]) -> set[str]:
    """Return what is written anew, half written, or no file of a training."""
    own = {"architecture.json", "result.json", "arm.json", "repeats"}
    return {
        name
        for name in names
        if name in own
        or name.endswith((".tmp", ".part", ".unreadable"))
        or not os.path.isfile(os.path.join(folder, name))  # noqa: PTH113, PTH118
    }
