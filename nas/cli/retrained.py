"""``nas retrain``: networks trained to be used, as they train and as they came out."""

import time
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from statistics import fmean
from types import TracebackType
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas.cli.plain import plain_console
from nas.cli.reading import Reading
from nas.cli.render import duration, percent
from nas.errors import counted
from nas.finals import retrain
from nas.report import COSTS, Contest, Standing, titles
from nas.report.page.write import PAGE
from nas.run import Run
from nas.search import (
    Event,
    Notice,
    RetrainingBegun,
    RetrainingFinished,
    RetrainingQuantized,
    RetrainingStarted,
)


def run_retrain(path: Path, **options: Any) -> None:
    """Retrain networks with a live view, then print who is how good."""
    console = plain_console()
    with Reading(console) as reading, RetrainWatch(console) as watch:

        def on_event(event: Event) -> None:
            reading.stop()
            watch(event)

        run = retrain(path, on_event=on_event, on_progress=reading, **options)
    print_contests(console, run)
    console.print(
        f"\nreport  {run.folder.report_path / PAGE}\n"
        f"export  nas export {quote(str(run.path))}\n"
        f"look    nas tensorboard {quote(str(run.path))}",
        soft_wrap=True,
        highlight=False,
    )


class RetrainWatch:
    """Shows last trainings as they go on; a context manager around them.

    Args:
        console: where to.
        clock: seconds that only go forward.
    """

    def __init__(
        self, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = console
        self.clock = clock
        self.begun: RetrainingBegun | None = None
        self.running: set[tuple[str, int]] = set()
        self.finished = 0
        self.started_at = clock()
        self.live: Live | None = None

    def __enter__(self) -> "RetrainWatch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.stop()
        if self.begun is not None and kind is not None:
            self._print("stopped; the same command goes on from here")

    def __call__(self, event: Event) -> None:
        """Take in an event and show it."""
        match event:
            case RetrainingBegun():
                self._begin(event)
            case RetrainingStarted():
                self.running.add((event.contender, event.number))
            case RetrainingFinished():
                self._finish(event)
            case RetrainingQuantized():
                if self.live is not None:
                    self.live.stop()
                    self.live = None
                self._print(
                    f"[int8 {event.finished}/{event.asked}] {event.contender}, seed "
                    f"{event.number}: {percent(event.quantization.accuracy)} on the "
                    f"test split, {event.quantization.num_bytes:,} bytes"
                )
            case Notice():
                self._print(event.text)

    def _begin(self, event: RetrainingBegun) -> None:
        self.begun = event
        self.started_at = self.clock()
        few, many = min(event.epochs), max(event.epochs)
        epochs = counted(few, "epoch") if few == many else f"{few} to {many} epochs"
        self._print(
            f"{counted(len(event.contenders), 'network')} of {epochs} from "
            f"{counted(event.seeds, 'seed')}, {event.workers} at a time: "
            f"{', '.join(event.contenders)}"
        )
        already = len(event.contenders) * event.seeds - event.asked
        if already:
            self._print(f"{counted(already, 'training')} finished already")
        if self.console.is_terminal and event.asked:
            self.live = Live(
                console=self.console,
                get_renderable=self._view,
                refresh_per_second=4,
                transient=True,
            )
            self.live.start()

    def _finish(self, event: RetrainingFinished) -> None:
        training = event.training
        self.finished = event.finished
        self.running.discard((training.contender, training.number))
        reached = (
            f"failed: {training.error}"
            if event.accuracy is None
            else f"{percent(event.accuracy)} on the test split in "
            f"{training.seconds:.1f} s{self._time_left()}"
        )
        self._print(
            f"[{event.finished}/{event.asked}] {training.contender}, "
            f"seed {training.number}: {reached}"
        )

    def _time_left(self) -> str:
        assert self.begun is not None
        left = self.begun.asked - self.finished
        if not self.finished or not left:
            return ""
        seconds = (self.clock() - self.started_at) / self.finished * left
        return f", {duration(seconds)} left"

    def _view(self) -> RenderableType:
        assert self.begun is not None
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(total=self.begun.asked, completed=self.finished, width=30),
            f"{self.finished}/{self.begun.asked} trainings",
            f"{len(self.running)} running",
            f"{duration(self.clock() - self.started_at)}{self._time_left()}",
        )
        return line

    def _print(self, text: str) -> None:
        # Not markup: names and reasons come from outside.
        one_line = text.replace("\n", r"\n")
        self.console.print(Text(one_line), soft_wrap=True)


def print_contests(console: Console, run: Run) -> None:
    """Print what retrained networks came to, if there are any."""
    for found in run.contests().values():
        console.print()
        console.print(_table(found))
        if any(standing.entrant.quantized for standing in found.standings):
            console.print(_quantized(found))
        if any(standing.on_front for standing in found.standings):
            against = titles([COSTS[name] for name in found.costs])
            line = f"* on the front of these: {found.kind} against {against}"
            if any(standing.entrant.costs is None for standing in found.standings):
                line += "; those without a latency are left out"
            console.print(line, highlight=False)
        for line in found.lines():
            console.print(line, highlight=False)


def _table(found: Contest) -> Table:
    epochs = found.protocol.epochs
    title = "Retrained"
    title += "" if epochs is None else f", {counted(epochs, 'epoch')}"
    title += ", validation images trained on" if found.protocol.use_validation else ""
    images = counted(found.images, "test image")
    table = Table(
        title=f"{title}: {found.kind} on the {images}, in %",
        title_justify="left",
        title_style="bold",
        box=None,
    )
    further = [COSTS[name] for name in found.costs if name != "params"]
    own = sum(standing.entrant.trial is not None for standing in found.standings)
    table.add_column("network", no_wrap=True)
    names = ("params", *(axis.label for axis in further))
    for name in (*names, "search", "seeds", "mean", "std", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("not told from")
    for standing in found.standings:
        network, params, *rest = _cells(standing, with_alike=own > 1)
        costs = standing.entrant.costs
        spent = [""] * len(further)
        if costs is not None:
            at = dict(zip(found.costs, costs, strict=True))
            spent = [axis.write(at[axis.name]) for axis in further]
        table.add_row(network, params, *spent, *rest)
    return table


def _quantized(found: Contest) -> Table:
    table = Table(
        title="In 8-bit integers", title_justify="left", title_style="bold", box=None
    )
    table.add_column("network", no_wrap=True)
    for name in ("bytes", "int8 bytes", "mean", "int8 mean", "lost", "seeds"):
        table.add_column(name, justify="right", no_wrap=True)
    for standing in found.standings:
        entrant = standing.entrant
        if entrant.lost is None or standing.spread is None:
            continue
        both = entrant.reached.keys() & entrant.quantized.keys()
        assert entrant.num_bytes is not None
        assert entrant.quantized_bytes is not None
        table.add_row(
            entrant.name,
            f"{entrant.num_bytes:,.0f}",
            f"{entrant.quantized_bytes:,.0f}",
            _number(fmean(entrant.reached[seed] for seed in both)),
            _number(fmean(entrant.quantized[seed] for seed in both)),
            _number(entrant.lost),
            str(len(both)),
        )
    return table


def _cells(standing: Standing, *, with_alike: bool) -> list[str]:
    entrant, found = standing.entrant, standing.spread
    lost = f", {entrant.failed} failed" if entrant.failed else ""
    cells = [
        f"{entrant.name}{' *' if standing.on_front else ''}",
        f"{entrant.params:,}",
        "" if entrant.searched is None else _number(entrant.searched),
        f"{len(entrant.reached)}{lost}",
    ]
    if found is None:
        return [*cells, "", "", "", ""]
    interval = ""
    if found.low is not None and found.high is not None:
        interval = f"{_number(found.low)}-{_number(found.high)}"
    # Known networks have lines of their own, each with the trial it is compared with.
    alike = [name for name in standing.alike if name.startswith("trial-")]
    told = " ".join(name.removeprefix("trial-") for name in alike) or "-"
    return [
        *cells,
        _number(found.mean),
        "" if found.std is None else _number(found.std),
        interval,
        told if with_alike and entrant.trial is not None else "",
    ]


def _number(part: float) -> str:
    return f"{100 * part:.2f}"
