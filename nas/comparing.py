"""Runs compared with each other: whose search came to more, and at which size."""

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from nas.drawing.human import compact
from nas.errors import UNREADABLE, ConfigError, RunError, one_line, shown
from nas.records import TrialRecord
from nas.report import (
    COSTS,
    MOST_RUNS,
    Side,
    Versus,
    draw_versus,
    reference_point,
    versus,
)
from nas.report.bands import Band, size_bands
from nas.report.write import replaced, write_json
from nas.run import Run
from nas.search.bound_space import bound_space
from nas.search.noise_files import read_repeats

_SAME: Final = {
    "shape": "shapes of images",
    "classes": "classes",
    "fitted": "numbers of training images",
    "validation": "numbers of validation images",
    "mean": "training images",
}
"""Facts about the data that must be the same, and what they are."""

_OF_MACHINES: Final = (
    "data",
    "workers",
    "device",
    "devices",
    "data_memory",
    "retries",
    "timeout",
    "max_failures",
)
"""Options that no accuracy goes by."""

_LONGEST: Final = 100


def compare_runs(path: Path, others: Sequence[Path]) -> tuple[Versus, Path]:
    """Compare a run's search with those of others; write it into the run's report.

    Returns:
        What was found, and the path of the picture; a .json lies beside it.

    Raises:
        RunError: when there is no such run, or they cannot be compared, or nothing be
            written.
        ConfigError: when there are too many, or one comes twice.
    """
    runs = [Run(path), *map(Run, others)]
    _check_number(runs)
    for other in runs[1:]:
        _check_same(runs[0], other)
    names = _names([run.path for run in runs])
    sides = [_side(run, name) for run, name in zip(runs, names, strict=True)]
    if not any(side.front for side in sides):
        raise RunError(
            f"{path}: nothing to compare: none of the runs has a complete trial; "
            "continue with 'nas resume'"
        )
    found = versus(
        sides,
        _bands(runs),
        differences=tuple(_differences(runs, names)),
        notes=tuple(_notes(runs, sides)),
    )
    return found, _write(found, runs, names)


def _check_number(runs: Sequence[Run]) -> None:
    if len(runs) > MOST_RUNS:
        raise ConfigError(
            f"--compare takes at most {MOST_RUNS - 1} runs, or nobody could tell their "
            f"lines apart; got {len(runs) - 1}"
        )
    seen: dict[Path, Path] = {}
    for run in runs:
        place = run.path.resolve()
        if place in seen:
            raise ConfigError(f"--compare: {run.path} is {seen[place]} itself")
        seen[place] = run.path


def _check_same(run: Run, other: Run) -> None:
    """Refuse runs whose accuracies do not compare.

    Raises:
        RunError: saying what differs.
    """
    found = list(_other_data(run, other))
    for name, what in (("objective", "accuracies"), ("objectives", "objectives")):
        ours, theirs = (
            _plain(getattr(owner, name))
            for one in (run, other)
            for owner in [one.config.recipe if name == "objective" else one.config]
        )
        if ours != theirs:
            found.append(f"other {what}: {ours} and {theirs}")
    if found:
        raise RunError(
            f"{run.path} and {other.path} cannot be compared, for they have "
            f"{'; '.join(found)}"
        )


def _other_data(run: Run, other: Run) -> Iterator[str]:
    ours, theirs = run.folder.facts(), other.folder.facts()
    for name, what in _SAME.items():
        if ours.get(name) != theirs.get(name):
            if name in ("classes", "mean"):
                yield f"other {what}"
            else:
                yield f"other {what}: {_plain(ours[name])} and {_plain(theirs[name])}"
            return  # whatever else differs follows from that
    began = [one.folder.began() for one in (run, other)]
    if None in began:  # of old, and all that it knows is the same
        return
    one, two = (dict(each.fingerprint) for each in began if each is not None)
    for name in one.keys() & two.keys():
        if one[name] != two[name]:
            yield f"other {name.replace('train ', 'training ')}"
            return


def _names(paths: Sequence[Path]) -> list[str]:
    """Return short names of runs that differ."""
    names = [path.resolve().name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _side(run: Run, name: str) -> Side:
    config, records = run.config, run.records
    return Side(
        name=name,
        path=str(run.path.resolve()),
        max_params=config.max_params,
        records=[record for record in records if record.arm == "search"],
        repeats=read_repeats(run.folder),
        reference=reference_point(
            records,
            run.folder.facts(),
            config.max_params,
            config.recipe.objective,
            config.costs[0],
        ),
        costs=config.costs,
    )


def _bands(runs: Sequence[Run]) -> tuple[Band, ...]:
    """Return bands from the smallest network of any space to the largest budget."""
    bound = [bound_space(run.folder) for run in runs]
    return size_bands(
        min(space.min_params for space in bound),
        max(space.max_params for space in bound),
    )


def _differences(runs: Sequence[Run], names: Sequence[str]) -> Iterator[str]:
    """Yield a line for every option that the runs do not have in common."""
    options = [_options(run.config.to_json()) for run in runs]
    for name in options[0]:
        values = [_plain(each[name]) for each in options]
        if len(set(values)) > 1:
            yield f"{name}: {_listed(values, names)}"
    texts = {run.folder.space_path.read_bytes() for run in runs}
    if len(texts) > 1 and len({each["space"] for each in options}) == 1:
        yield "space: others of the same name"


def _listed(values: Sequence[str], names: Sequence[str]) -> str:
    return ", ".join(
        f"{value} ({name})" for value, name in zip(values, names, strict=True)
    )


def _options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that accuracy may go by, those of the recipe among them."""
    own = {k: v for k, v in config.items() if k not in (*_OF_MACHINES, "recipe")}
    return own | dict(config["recipe"])


def _plain(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return "x".join(map(str, value)) if _are_counts(value) else ", ".join(value)
    return value if isinstance(value, str) and len(value) < 60 else shown(value)


def _are_counts(values: Sequence[object]) -> bool:
    return all(isinstance(value, int) for value in values)


def _notes(runs: Sequence[Run], sides: Sequence[Side]) -> Iterator[str]:
    yield (
        "Networks are chosen for being high, so a difference between two that were "
        "trained once is luck in part; 'nas repeat' tells in which."
    )
    if any(run.config.baseline for run in runs):
        yield "Random search beside a search is left out: 'nas report' has it."
    budgets = sorted({side.max_params for side in sides})
    if len(budgets) > 1:
        yield (
            f"Budgets differ, {compact(budgets[0])} to {compact(budgets[-1])} "
            "parameters: a search only looks within its own, so hypervolumes and "
            "verdicts tell in part what the runs were allowed, and only sizes up to "
            f"{compact(budgets[0])} are fair to all."
        )
    settings = {latency.setting for s in sides for latency in _latencies(s.front)}
    if COSTS["latency"] in sides[0].costs and len(settings) > 1:
        yield (
            "Latencies were measured in different ways, and do not compare: on "
            f"{' and '.join(sorted({str(s.machine) for s in settings}))}."
        )


def _latencies(records: Sequence[TrialRecord]) -> list[Any]:
    return [record.latency for record in records if record.latency is not None]


def _write(found: Versus, runs: Sequence[Run], names: Sequence[str]) -> Path:
    folder = runs[0].folder.report_path
    title = f"{runs[0].folder.facts()['name']}: {names[0]} against "
    title += ", ".join(names[1:])
    try:
        folder.mkdir(exist_ok=True)
        picture = _picture(folder, found.sides)
        write_json(picture.with_suffix(".json"), found.to_json())
        with warnings.catch_warnings(), replaced(picture) as path:
            # Names may be in letters that the font does not have.
            warnings.simplefilter("ignore", UserWarning)
            draw_versus(found, path, title=title)
    except Exception as error:  # a broken matplotlib fails in every way there is
        why = getattr(error, "strerror", None) or one_line(error)
        raise RunError(f"{folder}: the report cannot be written: {why}") from error
    return picture


def _picture(folder: Path, sides: Sequence[Side]) -> Path:
    """Return the file of a picture, never that of other runs of the same names."""
    others = [side.path for side in sides[1:]]
    names = "-".join(side.name for side in sides[1:])
    stem = re.sub(r"[^\w.-]+", "-", names)[:_LONGEST].strip("-.") or "run"
    picture = folder / f"compare-{stem}.png"
    taken = picture.with_suffix(".json")
    if not taken.exists() or _compared(taken) == others:
        return picture
    mark = sha256("\n".join(others).encode(errors="surrogateescape")).hexdigest()[:8]
    return folder / f"compare-{stem}-{mark}.png"


def _compared(path: Path) -> list[str] | None:
    """Return the paths of the other runs of a comparison, None if it tells none."""
    try:
        return [str(run["path"]) for run in json.loads(path.read_bytes())["runs"][1:]]
    except UNREADABLE:
        return None
