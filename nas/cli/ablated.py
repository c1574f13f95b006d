"""``nas ablate``: what other aggregations in a trial cost, as it is found out."""

from pathlib import Path
from shlex import quote
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nas.ablating import ablate
from nas.cli.plain import plain_console
from nas.cli.reading import Reading
from nas.cli.retrained import RetrainWatch
from nas.drawing import human
from nas.errors import counted
from nas.report.ablated import Ablation, Switched, Variant
from nas.run import Run
from nas.search import Event


def run_ablate(path: Path, *, as_json: bool, **options: Any) -> None:
    """Train a trial and its variants with a live view, then print who is how good."""
    console = plain_console(stderr=as_json)
    with Reading(console) as reading, RetrainWatch(console) as watch:

        def on_event(event: Event) -> None:
            reading.stop()
            watch(event)

        found = ablate(path, on_event=on_event, on_progress=reading, **options)
    if as_json:
        import json

        print(json.dumps(found.to_json(), indent=2))
        return
    print_ablation(console, found)
    report = Run(path).folder.report_path / f"ablation-trial-{found.trial}.png"
    console.print(
        f"\npicture {report}\nlook    nas tensorboard {quote(str(path))}",
        soft_wrap=True,
        highlight=False,
    )


def print_ablations(console: Console, run: Run) -> None:
    """Print what ablations came to, if there are any."""
    for found in run.ablations():
        print_ablation(console, found)


def print_ablation(console: Console, found: Ablation) -> None:
    """Print an ablation as a table, and what it says in words."""
    console.print()
    console.print(_table(found))
    for line in found.lines():
        console.print(Text(line), highlight=False)


def _table(found: Ablation) -> Table:
    table = Table(
        title=f"Trial {found.trial} with other aggregations at its size: "
        f"{found.kind} on the {counted(found.images, 'test image')} in %, "
        f"{counted(found.epochs, 'epoch')}, {counted(found.seeds, 'seed')}",
        title_justify="left",
        title_style="bold",
        box=None,
    )
    table.add_column("block", justify="right", no_wrap=True)
    table.add_column("is")
    table.add_column("with")
    for name in ("params", "MACs", "mean", "diff.", "95 %", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row("", "", "as it is", *_own(found.base), "", "", "")
    block: int | None = 0
    for one in found.switched:
        number = "" if one.block == block else str(one.block or "all")
        block = one.block
        table.add_row(
            number,
            one.was if number else "",
            f"{one.now}{'*' if one.deeper else ''}",
            *_own(one.variant),
            *_difference(one),
        )
    return table


def _own(variant: Variant) -> tuple[str, ...]:
    about = variant.spread
    return (
        f"{variant.total.params:,}",
        human(variant.total.macs),
        "" if about is None else f"{100 * about.mean:.2f}",
    )


def _difference(one: Switched) -> tuple[str, str, str]:
    found = one.versus
    if found.difference is None:
        return "", "", ""
    mark = " *" if found.apart else ""
    difference = f"{100 * found.difference:+.2f}{mark}"
    if found.low is None or found.high is None or found.p is None:
        return difference, "", ""
    interval = f"{100 * found.low:+.2f} {100 * found.high:+.2f}"
    return difference, interval, "<0.001" if found.p < 0.001 else f"{found.p:.3f}"
