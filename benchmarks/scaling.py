"""Trials per hour against workers, and what a trial costs the coordinator.

    python benchmarks/scaling.py workers
    python benchmarks/scaling.py coordinator

"workers" trains one list of random architectures on digits with one worker and with one
for each core, each with quiet cores and with one foreign process that is busy on each
core, all four interleaved in every round, and prints medians of the ratios: the cores'
against one worker's rate, and the slowdown beside foreign processes.

"coordinator" fills run folders with 10, 1,000 and 10,000 trials, and then proposes
trials with the random sampler, whose own time is measured apart, makes them durable,
takes in their results and makes those durable, for TRIALS trials each; interleaved,
medians and 95th percentiles. It also measures reading the run and finding its front, in
a process of its own each time, without its imports; what a trial's events for
TensorBoard cost, which a search writes in a thread beside all that; and how long those
of all trials take, pictures among them.
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from candidates import cores, drawn, hardware, trained
from optuna.samplers import BaseSampler

from nas.arch import Architecture
from nas.data import load
from nas.nn.cost import cost
from nas.records import Recipe, TrialRecord
from nas.search import RunFolder, SearchConfig
from nas.search.board.board import Board
from nas.search.mirror import Mirror
from nas.search.study import Proposer
from nas.space import BoundSpace, SearchSpace

TRIALS = 100
ROUND = 20

FACTS = {"name": "noise", "classes": list("0123456789"), "shape": [1, 28, 28]}

BUSY = "while True: pass"

READ = """
import sys, time
from pathlib import Path
from nas.report import pareto_front
from nas.search import RunFolder
run = RunFolder(Path(sys.argv[1]))
began = time.perf_counter()
records, unfinished = run.records(), run.unfinished()
front = pareto_front(records)
[record.architecture for record in front]
print(time.perf_counter() - began)
assert "torch" not in sys.modules
"""


@contextmanager
def foreign(number: int) -> Iterator[None]:
    """Keep so many other processes busy meanwhile."""
    with ExitStack() as stack:
        for _ in range(number):
            process = subprocess.Popen([sys.executable, "-c", BUSY])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def measure_workers(rounds: int, candidates: int, epochs: int) -> None:
    """Print how trials per hour grow with workers, and shrink beside others."""
    data = load("digits").for_search()
    architectures = drawn(data, candidates, 50_000)
    recipe = Recipe(epochs=epochs)
    num_cores = len(cores())
    seconds: dict[tuple[int, bool], list[float]] = {}
    for number in range(rounds):
        for busy in (False, True):
            for workers in (1, num_cores):
                with foreign(num_cores if busy else 0):
                    spent, _ = trained(data, architectures, recipe, number, workers)
                seconds.setdefault((workers, busy), []).append(spent)
                beside = f"beside {num_cores} others" if busy else "by themselves"
                print(f"round {number}: {workers} {beside}: {spent:.1f} s", flush=True)
    print("\nworkers  beside others  trials/h")
    for (workers, busy), spent in seconds.items():
        rate = 3600 * len(architectures) / statistics.median(spent)
        print(f"{workers:7}  {'yes' if busy else 'no':>13}  {rate:8,.0f}")

    def ratio(over: tuple[int, bool], under: tuple[int, bool]) -> float:
        pairs = zip(seconds[over], seconds[under], strict=True)
        return statistics.median(a / b for a, b in pairs)

    print(f"{num_cores} workers over one: {ratio((1, False), (num_cores, False)):.2f}")
    print(
        f"{num_cores} workers beside {num_cores} busy processes, slower by: "
        f"{ratio((num_cores, True), (num_cores, False)):.2f}"
    )


class Timed(BaseSampler):
    """A sampler that knows how long it has taken."""

    def __init__(self, sampler: BaseSampler) -> None:
        self.sampler = sampler
        self.seconds = 0.0

    def spent(self) -> float:
        """Return the seconds since the last call."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds

    def _timed(self, method: str, *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return getattr(self.sampler, method)(*arguments)
        finally:
            self.seconds += time.perf_counter() - began

    def infer_relative_search_space(self, *arguments: Any) -> Any:
        return self._timed("infer_relative_search_space", *arguments)

    def sample_relative(self, *arguments: Any) -> Any:
        return self._timed("sample_relative", *arguments)

    def sample_independent(self, *arguments: Any) -> Any:
        return self._timed("sample_independent", *arguments)

    def before_trial(self, *arguments: Any) -> None:
        self._timed("before_trial", *arguments)

    def after_trial(self, *arguments: Any) -> None:
        self._timed("after_trial", *arguments)


class Coordinator:
    """What a search does with a trial, around its training."""

    def __init__(self, path: Path, space: BoundSpace, num_stored: int) -> None:
        config = SearchConfig(trials=num_stored)
        self.folder = RunFolder.create(path, config, space.space, FACTS)
        rng = random.Random(0)
        distinct: dict[Architecture, None] = {}
        while len(distinct) < num_stored:
            distinct[space.sample(rng)] = None
        records = [
            self.record(number, architecture, rng.random())
            for number, architecture in enumerate(distinct)
        ]
        for record in records:
            self.folder.start_trial(record.trial, record.architecture)
            self.folder.finish_trial(record)
        began = time.perf_counter()
        known = self.folder.records()
        self.proposer = Proposer(space, "random", 0, known)
        self.sampler = Timed(self.proposer.study.sampler)
        self.proposer.study.sampler = self.sampler
        self.mirror = Mirror(self.folder.study_path, space)
        self.mirror.catch_up(known, self.folder.unfinished())
        self.resume_seconds = time.perf_counter() - began
        self.next_trial = num_stored
        began = time.perf_counter()
        self.board = Board(self.folder, known, {}, print)
        self.board_seconds = time.perf_counter() - began

    def record(
        self, trial: int, architecture: Architecture, accuracy: float
    ) -> TrialRecord:
        total = cost(architecture).total
        return TrialRecord(
            trial=trial,
            architecture=architecture,
            params=total.params,
            macs=total.macs,
            status="complete",
            seconds=1.0,
            accuracy=accuracy,
            loss=1 - accuracy,
            curve=(accuracy,) * 15,
            seed=trial,
            device="cpu",
            error=None,
            finished="2026-01-01T00:00:00+00:00",
        )

    def one_trial(self) -> tuple[float, float, float]:
        """Return seconds: a proposal's without the sampler's, the rest's, events'."""
        began = time.perf_counter()
        architecture = self.proposer.propose()
        assert architecture is not None
        proposed = time.perf_counter() - self.sampler.spent()
        trial, self.next_trial = self.next_trial, self.next_trial + 1
        recorded = time.perf_counter()
        self.folder.start_trial(trial, architecture)
        self.mirror.start(trial, architecture)
        record = self.record(trial, architecture, 0.5)
        self.folder.finish_trial(record)
        self.proposer.tell(record)
        self.mirror.finish(record)
        shown = time.perf_counter()
        self.board.take(record)
        self.board.flush()
        return proposed - began, shown - recorded, time.perf_counter() - shown


def measure_coordinator(rounds: int, sizes: Sequence[int]) -> None:
    """Print what a trial costs beside so many stored ones."""
    space = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=(1, 28, 28),
        num_classes=10,
        max_params=200_000,
    )
    proposing: dict[int, list[float]] = {size: [] for size in sizes}
    recording: dict[int, list[float]] = {size: [] for size in sizes}
    showing: dict[int, list[float]] = {size: [] for size in sizes}
    reading: dict[int, list[float]] = {size: [] for size in sizes}
    with TemporaryDirectory(dir=".") as folder:
        runs = {s: Coordinator(Path(folder) / str(s), space, s) for s in sizes}
        for _ in range(TRIALS // ROUND):
            for size, run in runs.items():
                for _ in range(ROUND):
                    proposal, record, events = run.one_trial()
                    proposing[size].append(1e3 * proposal)
                    recording[size].append(1e3 * record)
                    showing[size].append(1e3 * events)
        for _ in range(rounds):
            for size, run in runs.items():
                command = [sys.executable, "-c", READ, str(run.folder.path)]
                done = subprocess.run(command, check=True, capture_output=True)
                reading[size].append(float(done.stdout))
    print(
        "          propose (ms)       record (ms)    both       events (ms)   "
        "read, front  resume  events"
    )
    print(
        "stored   median     p95    median     p95  median  median     p95       "
        "(s)       (s)     (s)"
    )
    for size, run in runs.items():
        both = [a + b for a, b in zip(proposing[size], recording[size], strict=True)]
        print(
            f"{size:6,}  {_figures(proposing[size])}  {_figures(recording[size])}"
            f"  {statistics.median(both):6.2f}  {_figures(showing[size])}"
            f"     {statistics.median(reading[size]):5.2f}"
            f"        {run.resume_seconds:5.2f}   {run.board_seconds:5.2f}"
        )


def _figures(values: list[float]) -> str:
    most = statistics.quantiles(values, n=20)[-1]
    return f"{statistics.median(values):7.2f} {most:7.2f}"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("workers", "coordinator"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--stored", type=int, nargs="+", default=[10, 1_000, 10_000])
    options = parser.parse_args()
    print(hardware())
    if options.what == "workers":
        measure_workers(options.rounds, options.candidates, options.epochs)
    else:
        measure_coordinator(options.rounds, options.stored)


if __name__ == "__main__":
    main()
