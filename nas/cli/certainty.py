"""How sure a front is, and how it compares with random search, in words and tables."""

from rich.console import Console
from rich.table import Table

from nas.cli.render import percent
from nas.report import Certainty, Summary, titles

_MARKS = (0.25, 0.5, 0.75, 1.0)


def print_certainty(console: Console, found: Summary) -> None:
    """Print what repeats and the model of all trials say about the front."""
    table = Table(
        title="How sure is it, in %", title_justify="left", title_style="bold", box=None
    )
    with_repeats = any(one.repeats for one in found.certainties)
    with_model = found.noise is not None
    names = ["trial", "first"]
    names += ["repeats", "mean", "std", "95 %"] if with_repeats else []
    names += ["model: 95 %", "on front", "not told from"] if with_model else []
    for name in names:
        table.add_column(name, justify="right", no_wrap=name != "not told from")
    for one in found.certainties:
        cells = [str(one.trial), _number(one.first)]
        cells += _repeats(one) if with_repeats else []
        cells += _model(one) if with_model else []
        table.add_row(*cells)
    if with_repeats or with_model:
        console.print()
        console.print(table)
    lines = list(found.notes)
    if found.beside:
        shown = ", ".join(f"{trial} ({100 * p:.0f} %)" for trial, p in found.beside)
        lines.append(f"Not on the front, but well may belong there: trial {shown}.")
    if found.noise is not None:
        lines.append(
            f"One training's error is off by {100 * found.noise:.0f} % of itself "
            "(standard deviation, the model's estimate)."
        )
    for line in lines:
        console.print(line, highlight=False)


def print_comparison(console: Console, found: Summary) -> None:
    """Print hypervolumes, and what is established about random search if it ran."""
    at = found.reference
    only = "" if len(found.costs) == 1 else " alone, the first of the costs"
    console.print(
        f"\nHypervolume over the log of {titles([at.cost])}{only}, from "
        f"{percent(at.accuracy)} and {at.cost.phrase(at.most)} ({at.name}):",
        highlight=False,
    )
    if found.comparison is None:
        for name, arm in found.arms.items():
            console.print(f"{name} {arm.steps[-1].hypervolume:.4g}", highlight=False)
        return
    console.print(_courses(found))
    console.print(found.comparison.verdict, highlight=False)
    if (caught_up := found.comparison.caught_up) is not None:
        console.print(
            "The search had the last hypervolume of random search after "
            f"{caught_up} of its {len(found.comparison.search)} trials.",
            highlight=False,
        )


def _courses(found: Summary) -> Table:
    table = Table(box=None)
    table.add_column("arm")
    for name in ("trials", "epochs", "seconds"):
        table.add_column(name, justify="right")
    for mark in _MARKS:
        table.add_column(f"at {100 * mark:.0f} %", justify="right")
    table.add_column("its front")
    for name, arm in found.arms.items():
        steps = arm.steps
        areas = [
            steps[max(1, round(mark * len(steps))) - 1].hypervolume for mark in _MARKS
        ]
        table.add_row(
            name,
            f"{steps[-1].trials:,}",
            f"{steps[-1].epochs:,}",
            f"{steps[-1].seconds:.0f}",
            *(f"{area:.3g}" for area in areas),
            " ".join(str(record.trial) for record in arm.front),
        )
    return table


def _repeats(one: Certainty) -> list[str]:
    again = one.repeats
    if again is None:
        return ["0", "", "", ""]
    lost = f", {again.failed} failed" if again.failed else ""
    count = f"{again.complete}{lost}"
    if again.mean is None:
        return [count, "", "", ""]
    spread = "" if again.std is None else _number(again.std)
    if again.low is None or again.high is None:
        return [count, _number(again.mean), spread, ""]
    return [count, _number(again.mean), spread, _interval(again.low, again.high)]


def _model(one: Certainty) -> list[str]:
    belief = one.belief
    if belief is None:
        return ["", "", ""]
    return [
        _interval(belief.low, belief.high),
        f"{100 * belief.on_front:.0f}",
        " ".join(map(str, one.not_told_apart)) or "-",
    ]


def _interval(low: float, high: float) -> str:
    return f"{_number(low)}-{_number(high)}"


def _number(part: float) -> str:
    return f"{100 * part:.2f}"
