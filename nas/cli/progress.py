"""A search as it runs: a live view in a terminal, plain lines elsewhere."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas.cli.render import percent, progress, shown_accuracy
from nas.errors import counted
from nas.records import RECIPE_GENES, Arm, TrialRecord
from nas.report import COSTS, SIZE, Front, best, epochs_spent, titles
from nas.search import (
    Begun,
    Event,
    Finished,
    Notice,
    Paused,
    Promoted,
    Repeated,
    Started,
)
from nas.search.scheduler import expected_epochs

_BANDS: Final = 6


class Watch:
    """Shows the events of a search; a context manager around it.

    Args:
        console: where to.
        clock: seconds that only go forward.
    """

    def __init__(
        self, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = console
        self.clock = clock
        self.begun: Begun | None = None
        self.records: dict[int, TrialRecord] = {}
        self.front = Front()
        self.failed = 0
        self.done: Counter[Arm] = Counter()
        self.running: dict[int, int] = {}
        self.trained = 0
        self.spent_before = 0
        self.started_at = clock()
        self.live: Live | None = None

    def __enter__(self) -> "Watch":
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
            done, asked = self.done["search"], self.begun.config.trials
            if self._left() or self.running or self.begun.config.repeats > 1:
                self.console.print(
                    f"stopped after {done} of {asked} trials; continue with: "
                    f"nas resume {self.begun.path}",
                    highlight=False,
                )

    @property
    def path(self) -> Path | None:
        """The folder of the run, once it has begun."""
        return self.begun.path if self.begun else None

    def __call__(self, event: Event) -> None:
        """Take in an event and show it."""
        match event:
            case Begun():
                self._begin(event)
            case Started():
                self.running[event.trial] = event.params
            case Promoted():
                self.running[event.trial] = event.params
            case Paused() | Finished():
                self.running.pop(event.record.trial, None)
                self._count(event.record)
                self.trained += 1
                self._finished(event.record)
            case Repeated():
                self._repeated(event)
            case Notice():
                self._print(event.text)

    def _begin(self, event: Begun) -> None:
        self.begun = event
        self.front = Front(costs=event.config.costs)
        for record in event.finished:
            self._count(record)
        self.spent_before = epochs_spent(event.finished)
        self.started_at = self.clock()
        facts, config = event.facts, event.config
        shape = "x".join(map(str, facts["shape"]))
        self._print(
            f"{facts['name']}: {facts['fitted']:,} training and "
            f"{facts['validation']:,} validation images of {shape}, "
            f"{len(facts['classes'])} classes"
        )
        epochs = counted(config.recipe.epochs, "epoch")
        if f"{RECIPE_GENES}epochs" in event.searched:
            epochs = "as many epochs as their recipes say"
        self._print(
            f"space {config.space}, up to {config.max_params:,} parameters; "
            f"{counted(config.trials, 'trial')} of {epochs}, "
            f"{event.workers} at a time, in {event.path}"
        )
        if config.halving:
            *before, last = config.rungs[:-1]
            pauses = " and ".join([*map(str, before), counted(last, "epoch")])
            self._print(
                f"halving: trials pause after {pauses}; one in "
                f"{config.eta} goes on, the best for their {titles(config.costs)}"
            )
        if config.costs != SIZE:
            self._print(f"it goes by accuracy against {titles(config.costs)}")
        if event.searched:
            genes = (
                f"{name.removeprefix(RECIPE_GENES)} ({domain})"
                for name, domain in event.searched.items()
            )
            self._print(f"searched in the recipe, too: {', '.join(genes)}")
        if config.baseline is not None:
            self._print("random search beside it trains as many epochs, in turns")
        if event.finished:
            self._print(f"{len(event.finished)} trials are finished already")
        if self.console.is_terminal:
            self.live = Live(
                console=self.console,
                get_renderable=self._view,
                refresh_per_second=4,
                transient=True,
            )
            self.live.start()

    def _finished(self, record: TrialRecord) -> None:
        assert self.begun is not None
        arm = "" if record.arm == "search" else f"{record.arm} "
        count = f"[{arm}{self._counted_of(record.arm)}]"
        if record.status == "failed":
            self._print(f"{count} trial {record.trial} failed: {record.error}")
        elif self.live is None:
            stopped = record.status == "stopped"
            config = self.begun.config
            after = f" after {progress(record, config)}" if stopped else ""
            reached = percent(shown_accuracy(record)) + after
            self._print(
                f"{count} trial {record.trial}: {reached} with "
                f"{self._costs(record)} in {record.seconds:.1f} s"
                f"{self._spent()}{self._time_left()}"
            )

    def _repeated(self, event: Repeated) -> None:
        again = event.repeat
        reached = (
            f"failed: {again.error}"
            if again.accuracy is None
            else f"{percent(again.accuracy)} in {again.seconds:.1f} s"
        )
        self._print(
            f"[repeat {event.finished}/{event.asked}] trial {again.trial}, "
            f"training {again.number}: {reached}"
        )

    def _count(self, record: TrialRecord) -> None:
        self.done[record.arm] += record.trial not in self.records
        self.records[record.trial] = record
        self.failed += record.status == "failed"
        self.front.insert(record)

    def _print(self, text: str) -> None:
        # Not markup: names and reasons come from outside.
        one_line = text.replace("\n", r"\n")
        self.console.print(Text(one_line), soft_wrap=True)

    def _time_left(self) -> str:
        assert self.begun is not None
        config = self.begun.config
        done: float = self.trained
        left: float = self._left()
        if config.halving:
            spent = epochs_spent(self.records.values())
            every = expected_epochs(config.rungs, config.eta, config.trials)
            arms = 1 if config.baseline is None else 2
            done, left = spent - self.spent_before, arms * every - spent
        if done <= 0 or left <= 0:
            return ""
        seconds = (self.clock() - self.started_at) / done * left
        return f", {_duration(seconds)} left"

    def _left(self) -> int:
        """Return how many trials are still to come, the baseline's about as many."""
        assert self.begun is not None
        arms: list[Arm] = ["search"]
        if self.begun.config.baseline is not None:
            arms.append("random")
        asked = self.begun.config.trials
        return sum(max(0, asked - self.done[arm]) for arm in arms)

    def _counted_of(self, arm: Arm) -> str:
        """Return how many trials an arm has had, of how many where that is known.

        Random search beside a halved one has as many epochs, in fewer, whole trainings.
        """
        assert self.begun is not None
        config, done = self.begun.config, self.done[arm]
        if arm == "random" and config.halving:
            return str(done)
        return f"{done}/{config.trials}"

    def _spent(self) -> str:
        """Return the search's epochs so far, against those of whole trainings."""
        assert self.begun is not None
        config = self.begun.config
        if not config.halving:
            return ""
        own = [r for r in self.records.values() if r.arm == "search"]
        plain = len(own) * config.recipe.epochs
        return f", {epochs_spent(own)} of {plain} epochs spent"

    def _view(self) -> RenderableType:
        assert self.begun is not None
        done, asked = self.done["search"], self.begun.config.trials
        failed = self.failed
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(total=asked, completed=done, width=30),
            f"{done}/{asked} trials",
            f"{self._counted_of('random')} random"
            if self.begun.config.baseline
            else "",
            f"{len(self.running)} running",
            f"{failed} failed" if failed else "",
            self._spent().removeprefix(", "),
            f"{_duration(self.clock() - self.started_at)}{self._time_left()}",
        )
        bands = self._bands()
        return Group(line, bands) if bands.row_count else line

    def _bands(self) -> Table:
        """Return the best networks up to some values of the first cost."""
        assert self.begun is not None
        config = self.begun.config
        cost, *_ = config.costs
        table = Table(box=None, padding=(0, 2))
        for title in ("best up to", "accuracy", cost.label, "trial"):
            table.add_column(title, justify="right")
        spent = {record.trial: cost.of(record) or 0.0 for record in self.front}
        edge: float = max(spent.values(), default=0.0)
        if cost.name == "params":
            edge = config.max_params
        for _ in range(_BANDS):
            within = [r for r in self.front if spent[r.trial] <= edge]
            found = best(within, costs=config.costs)
            if found is None:
                break
            assert found.accuracy is not None
            at = spent[found.trial]
            table.add_row(
                cost.tick(edge) if edge % 1000 == 0 else cost.write(edge),
                percent(found.accuracy),
                cost.write(at),
                str(found.trial),
            )
            edge = min(edge / 2, at - cost.finest) // cost.finest * cost.finest
        return table

    def _costs(self, record: TrialRecord) -> str:
        """Return what a trial costs, its parameters first, as far as it is known."""
        assert self.begun is not None
        costs = dict.fromkeys([COSTS["params"], *self.begun.config.costs])
        known = ((cost, cost.of(record)) for cost in costs)
        return ", ".join(cost.phrase(at) for cost, at in known if at is not None)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
