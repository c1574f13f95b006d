"""How far a latency can be trusted, and what measuring costs a search.

    python benchmarks/latency.py repeat [--rounds 10]
    python benchmarks/latency.py beside [--rounds 5] [--workers 2]
    python benchmarks/latency.py search [--rounds 3] [--trials 12] [--epochs 15]

`repeat` measures three networks ROUNDS times, each time in a new process, and prints
the spread of the medians: (largest - smallest) / median.

`beside` measures one network when nothing of ours runs, beside WORKERS trainings that
never end, and in the exclusive slot of a search with those trainings: in turns.

`search` prints the seconds of a search for accuracy and size, and of the same one for
accuracy and latency, in turns: random search, so that both train the same networks.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from nas.api import search
from nas.arch import Architecture
from nas.arch.reference import dla_small, resnet20
from nas.data import load
from nas.executors import LocalExecutor, call, start_server
from nas.latency import Latency
from nas.nn.timed import Subject, timed
from nas.records import EvalRequest, EvalResult, Recipe
from nas.search.latency_slot import latency_in_slot
from nas.train import PRELOAD, start_evaluator

DIGITS = (1, 8, 8)
CIFAR = (3, 32, 32)


def measured(networks: Sequence[Architecture], batch_sizes: Sequence[int]) -> list:
    """Return the latencies of networks, by network and size of batches."""
    subjects = [Subject(name=str(i), network=net) for i, net in enumerate(networks)]
    found = call(start_server(PRELOAD), timed, subjects, tuple(batch_sizes), "cpu", 1)
    assert not isinstance(found, str), found
    return [one.latencies for one in found]


def repeat(rounds: int) -> None:
    networks = {
        "resnet20 on 1x8x8": resnet20(DIGITS, 10),
        "resnet20 on 3x32x32": resnet20(CIFAR, 10),
        "dla_small on 3x32x32": dla_small(CIFAR, 10),
    }
    batch_sizes = (1, 64)
    all_rounds = [measured(list(networks.values()), batch_sizes) for _ in range(rounds)]
    print(f"{'network':22}{'batch':>6}{'median ms':>11}{'spread':>8}{'without 2':>11}")
    for i, name in enumerate(networks):
        for j, size in enumerate(batch_sizes):
            medians = sorted(found[i][j].median_ms for found in all_rounds)
            middle = statistics.median(medians)
            spread = (medians[-1] - medians[0]) / middle
            inner = (medians[-2] - medians[1]) / middle
            print(f"{name:22}{size:6}{middle:11.3f}{spread:8.1%}{inner:11.1%}")


def endless(number: int, folder: Path) -> EvalRequest:
    """Return a training that is not over when the benchmark is."""
    return EvalRequest(
        trial=number,
        architecture=resnet20(DIGITS, 10),
        recipe=Recipe(epochs=100_000, lr=0.01, augment="none", precision="float32"),
        seed=number,
        folder=str(folder / str(number)),
    )


class Start:
    """Gives a worker its data; can be pickled."""

    def __call__(self) -> Callable[[EvalRequest], EvalResult]:
        return start_evaluator(load("digits").for_search(), "cpu")


def beside(rounds: int, workers: int) -> None:
    network = resnet20(CIFAR, 10)
    found: dict[str, list[Latency]] = {"alone": [], "beside": [], "slot": []}
    for _ in range(rounds):
        found["alone"].append(measured([network], [1])[0][0])
        with (
            TemporaryDirectory() as folder,
            LocalExecutor(Start(), workers=workers, preload=PRELOAD) as executor,
        ):
            for number in range(workers):
                executor.submit(endless(number, Path(folder)))
            while len(list(Path(folder).glob("*/events*"))) < workers:
                time.sleep(0.1)
            time.sleep(2)
            found["beside"].append(measured([network], [1])[0][0])
            slot = latency_in_slot(executor, "cpu")(network)
            assert isinstance(slot, Latency), slot
            found["slot"].append(slot)
    print(f"resnet20 on 3x32x32, batch 1, {workers} trainings; medians of {rounds}")
    for name, latencies in found.items():
        low, middle, high = (
            statistics.median(getattr(one, field) for one in latencies)
            for field in ("low_ms", "median_ms", "high_ms")
        )
        print(f"{name:8}{middle:8.2f} ms   5-95 %: {low:.2f} to {high:.2f} ms")


def seconds_of_search(objectives: tuple[str, ...], trials: int, epochs: int) -> float:
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        search(
            trials=trials,
            epochs=epochs,
            sampler="random",
            workers=2,
            device="cpu",
            objectives=objectives,
            run=Path(folder) / "run",
        )
        return time.perf_counter() - began


def searches(rounds: int, trials: int, epochs: int) -> None:
    kinds = {"size": ("accuracy", "params"), "latency": ("accuracy", "latency")}
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, objectives in kinds.items():
            seconds[name].append(seconds_of_search(objectives, trials, epochs))
    print(f"{trials} trials of {epochs} epochs, 2 workers; medians of {rounds}")
    size, latency = (statistics.median(found) for found in seconds.values())
    print(f"accuracy and size     {size:7.1f} s")
    print(f"accuracy and latency  {latency:7.1f} s, {latency / size - 1:+.1%}")
    ratios = [math.log(b / a) for a, b in zip(*seconds.values(), strict=True)]
    print(f"per trial             {(latency - size) / trials:7.2f} s")
    print(f"ratio of pairs        {math.exp(statistics.median(ratios)):7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("repeat", "beside", "search"))
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=15)
    options = parser.parse_args()
    match options.what:
        case "repeat":
            repeat(options.rounds or 10)
        case "beside":
            beside(options.rounds or 5, options.workers)
        case "search":
            searches(options.rounds or 3, options.trials, options.epochs)


if __name__ == "__main__":
    main()
