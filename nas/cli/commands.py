"""What each command does: call the API, print what came of it."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import Any, Final

from rich.console import Console

from nas import api
from nas.arch import Architecture, canonical_hash, read, to_json
from nas.arch.reference import REFERENCES, reference_defaults
from nas.cli.ablated import print_ablations
from nas.cli.certainty import print_certainty, print_comparison, print_repeats
from nas.cli.latency import print_run_latencies
from nas.cli.picture import check_picture, write_picture
from nas.cli.plain import plain_console
from nas.cli.progress import Watch
from nas.cli.reading import Reading
from nas.cli.recipes import effects_view, recipe_line
from nas.cli.render import (
    front_table,
    outline_table,
    percent,
    progress,
    shown_accuracy,
    space_summary,
    stopped_table,
)
from nas.cli.retrained import print_contests
from nas.errors import ConfigError, NasError, RunError, SpaceError, unknown
from nas.nn.cost import cost
from nas.records import Recipe, TrialRecord, recipe_to_json
from nas.report import best, describe_stops, latency_rows, titles
from nas.report.page.write import PAGE
from nas.run import Run
from nas.search import Event
from nas.space import BoundSpace, SearchSpace, shipped

_SAMPLES: Final = 5
_STOPPED_SHOWN: Final = 12


def run_search(**options: Any) -> None:
    """Search with a live view, then print the front."""
    console = _console()
    with Reading(console) as reading, Watch(console) as watch:
        on_event = _in_turn(reading, watch)
        run = api.search(on_event=on_event, on_progress=reading, **options)
    _print_outcome(console, run)


def run_search_from(from_run: Path, **changes: Any) -> None:
    """Search with what an earlier run has found and was asked, but for changes."""
    console = _console()
    with Reading(console) as reading, Watch(console) as watch:
        on_event = _in_turn(reading, watch)
        run = api.search_from(
            from_run, on_event=on_event, on_progress=reading, **changes
        )
    _print_outcome(console, run)


def run_resume(path: Path, **changes: Any) -> None:
    """Continue a search with a live view, then print the front."""
    console = _console()
    with Reading(console) as reading, Watch(console) as watch:
        on_event = _in_turn(reading, watch)
        run = api.resume(path, on_event=on_event, on_progress=reading, **changes)
    _print_outcome(console, run)


def run_repeat(path: Path, *, trials: tuple[int, ...], repeats: int) -> None:
    """Train trials again, a line for each, then print the front."""
    console = _console()
    with Reading(console) as reading, Watch(console) as watch:
        on_event = _in_turn(reading, watch)
        try:
            run = api.repeat(
                path,
                trials=trials,
                repeats=repeats,
                on_event=on_event,
                on_progress=reading,
            )
        except KeyboardInterrupt:
            console.print("stopped; the same command goes on from here")
            raise
    _print_outcome(console, run)


def run_repair(path: Path) -> None:
    """Mend a run and say what was done."""
    console = _console()
    done = api.repair(path)
    for line in done or ["there was nothing to mend"]:
        console.print(f"{path}: {line}", soft_wrap=True, highlight=False)


def run_report(path: Path, *, as_json: bool) -> None:
    """Write and print the front of a run."""
    run = Run(path)
    failure: RunError | None = None
    try:
        found = run.report()
    except RunError as error:
        failure, found = error, run.summary()
    else:
        _write_events(run)
    if as_json:
        known = run.effects
        effects = None if known is None else known.to_json()
        contests = {p.folder: c.to_json() for p, c in run.contests().items()}
        timed = {record.trial: run.latencies(record) for record in found.front}
        latencies = [asdict(row) for row in latency_rows(found.front, timed)]
        further = {"effects": effects, "retrained": contests, "latencies": latencies}
        further["ablations"] = [one.to_json() for one in run.ablations()]
        _print_json(found.to_json() | further)
    else:
        console = _console()
        _print_front(console, run)
        print_contests(console, run)
        print_ablations(console, run)
    if failure is not None:
        raise failure


def _write_events(run: Run) -> None:
    try:
        run.write_events()
    except RunError as error:
        console = plain_console(stderr=True)
        console.print(f"warning: {error}", soft_wrap=True, highlight=False)


def run_show(
    what: str,
    *,
    trial: int | None,
    input_shape: tuple[int, int, int] | None,
    num_classes: int | None,
    max_params: int,
    as_json: bool,
    picture: Path | None,
) -> None:
    """Show an architecture, the best or a given trial of a run, or a space."""
    if picture is not None:
        check_picture(picture)
    console = _console()
    path = Path(what)
    if what not in shipped() and _is_folder(path):
        _show_trial(console, Run(path), trial, as_json, picture)
    elif path.suffix == ".json":
        _show_architecture(console, read(path), str(path), as_json, picture)
    elif what in REFERENCES:
        shape, classes = reference_defaults(what)
        reference = REFERENCES[what](input_shape or shape, num_classes or classes)
        _show_architecture(console, reference, what, as_json, picture)
    elif what in shipped() or path.suffix in (".yaml", ".yml"):
        if picture is not None:
            raise ConfigError(
                f"--picture: {what} is a search space, which holds many networks; "
                "name one, a run or an architecture.json"
            )
        bound = BoundSpace(
            space=SearchSpace.load(what),
            input_shape=input_shape or (3, 32, 32),
            num_classes=num_classes or 10,
            max_params=max_params,
        )
        _show_space(console, bound, as_json)
    else:
        names = {*shipped(), *REFERENCES, *map(str, Path("runs").glob("*/"))}
        raise SpaceError(
            unknown("space, run or network", what, names)
            + " (the path of a run, a .yaml or a .json file works, too)"
        )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file can have
        return False


def _console() -> Console:
    return plain_console()  # names and errors come from outside


def _in_turn(reading: Reading, watch: Watch) -> Callable[[Event], None]:
    """Return what shows events once nothing is being read: one live view at a time."""

    def on_event(event: Event) -> None:
        reading.stop()
        watch(event)

    return on_event


def _print_outcome(console: Console, run: Run) -> None:
    """Print the front of what has just been trained; that cannot undo it."""
    try:
        _print_front(console, run)
    except NasError as error:
        console.print(f"warning: {error}", soft_wrap=True, highlight=False)


def _print_front(console: Console, run: Run) -> None:
    found = run.summary()
    records, front = found.records, found.front
    failed = sum(record.status == "failed" for record in records)
    lost = f", {failed} failed" if failed else ""
    if not front:
        console.print(f"{run.path}: no trial is complete{lost}", highlight=False)
        _print_stops(console, run, records)
        return
    console.print()
    count = "1 trial" if len(records) == 1 else f"{len(records)} trials"
    title = f"Front of {count}{lost}: accuracy against {titles(found.costs)}"
    console.print(front_table(front, title, found.costs))
    _print_stops(console, run, records)
    if any(record.recipe for record in records):
        console.print()
        console.print(effects_view(run.effects), highlight=False)
    print_certainty(console, found)
    print_comparison(console, found)
    print_run_latencies(console, run, front)
    most_accurate = best(front, costs=found.costs)
    assert most_accurate is not None
    path = quote(str(run.path))
    console.print(
        f"\nreport  {run.folder.report_path / PAGE}\n"
        f"show    nas show {path} --trial {most_accurate.trial}\n"
        f"export  nas export {path}\n"
        f"look    nas tensorboard {path}",
        soft_wrap=True,
        highlight=False,
    )


def _print_stops(console: Console, run: Run, records: Sequence[TrialRecord]) -> None:
    """Say how far trials came, where they were to pause."""
    config = run.config
    if not config.halving:
        return
    console.print()
    own = [record for record in records if record.arm == "search"]
    early = [record for record in own if record.status == "stopped"]
    if early:
        console.print(stopped_table(early[:_STOPPED_SHOWN], config))
        if (more := len(early) - _STOPPED_SHOWN) > 0:
            console.print(f"and {more:,} more, in trials.csv", highlight=False)
    console.print(
        describe_stops(own, config.recipe.epochs), soft_wrap=True, highlight=False
    )


def _show_trial(
    console: Console,
    run: Run,
    trial: int | None,
    as_json: bool,
    picture: Path | None,
) -> None:
    record = run.trial(trial) if trial is not None else run.best()
    match record.status:
        case "failed":
            reached = f"failed: {record.error}"
        case "stopped":
            reached = f"stopped after {progress(record, run.config)} at "
            reached += percent(shown_accuracy(record))
        case _:
            reached = percent(shown_accuracy(record))
    title = f"trial {record.trial} of {run.path}, {reached}"
    recipe = run.recipe(record)
    _show_architecture(console, record.architecture, title, as_json, picture, recipe)
    if not as_json:
        console.print(recipe_line(recipe, record.recipe), highlight=False)
        print_repeats(console, run.repeats(record.trial))


def _show_architecture(
    console: Console,
    architecture: Architecture,
    title: str,
    as_json: bool,
    picture: Path | None,
    recipe: Recipe | None = None,
) -> None:
    if picture is not None:
        write_picture(architecture, title, picture)
    if as_json:
        spent = cost(architecture)
        total = spent.total
        _print_json(
            {
                "params": total.params,
                "macs": total.macs,
                "params_with_aux": spent.with_aux.params,
                "hash": canonical_hash(architecture),
                **({} if recipe is None else {"recipe": recipe_to_json(recipe)}),
                **({} if picture is None else {"picture": str(picture)}),
                "architecture": to_json(architecture),
            }
        )
        return
    console.print(outline_table(architecture, title))
    if picture is not None:
        console.print(f"picture  {picture}", soft_wrap=True, highlight=False)


def _show_space(console: Console, bound: BoundSpace, as_json: bool) -> None:
    rng = random.Random(0)
    samples = sorted(
        (bound.sample(rng) for _ in range(_SAMPLES)), key=lambda a: cost(a).total.params
    )
    if as_json:
        _print_json(
            {
                "name": bound.space.name,
                "description": bound.space.description,
                "log10_topologies": bound.space.log10_topologies(),
                "min_params": bound.min_params,
                "max_params": bound.max_params,
                "genes": {name: str(d) for name, d in bound.domains.items()},
                "recipe": bound.space.recipe.fixed,
                "samples": [to_json(sample) for sample in samples],
            }
        )
        return
    console.print(space_summary(bound, samples))


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2))
