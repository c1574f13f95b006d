"""How long a run takes to open in TensorBoard, and what a trial's events take.

Makes the events of TRIALS trials of the default space with EPOCHS epochs each, by the
class that writes them in a training, but without training. Prints:

- milliseconds and bytes that a trial's events take, its picture among them; the first
  trial, which waits for matplotlib, is left out;
- seconds from the start of `nas tensorboard` until its page is served, until the curves
  of all trials are, and until HParams has all rows: the medians of ROUNDS rounds.

    python benchmarks/opening.py [--trials 300] [--epochs 15] [--rounds 5]
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

from nas.nn.cost import cost
from nas.records import Recipe
from nas.search import RunFolder, SearchConfig
from nas.search.board.board import Board
from nas.space import BoundSpace, SearchSpace
from nas.train.events import Events
from nas.train.module import Metrics

FACTS = {"name": "digits", "classes": [str(n) for n in range(10)], "shape": [1, 8, 8]}
PATIENCE_SECONDS = 300.0
QUERY = {
    "allowedStatuses": [f"STATUS_{s}" for s in ("UNKNOWN", "SUCCESS", "FAILURE")],
    "colParams": [{"metric": {"tag": "hparam/accuracy"}, "order": "ORDER_DESC"}],
    "startIndex": 0,
    "sliceSize": 100_000,
}


def made_run(path: Path, trials: int, epochs: int) -> list[float]:
    """Make a run; return the seconds that each trial's events took."""
    recipe = Recipe(epochs=epochs)
    config = SearchConfig(space="default", trials=trials, recipe=recipe)
    facts = FACTS | {"fitted": 1151, "validation": 287}
    run = RunFolder.create(path, config, SearchSpace.load("default"), facts)
    space = BoundSpace(
        space=run.space(),
        input_shape=(1, 8, 8),
        num_classes=10,
        max_params=config.max_params,
    )
    rng = random.Random(0)
    seconds = []
    for trial in range(trials):
        architecture = space.sample(rng)
        total = cost(architecture).total
        run.start_trial(trial, architecture)
        began = time.perf_counter()
        with Events(str(run.trial_path(trial))) as events:
            events.begin(architecture, recipe, total, run.row(trial))
            for epoch in range(epochs):
                events.epoch(epoch_of(epoch, rng))
            events.outcome(rng.random())
        seconds.append(time.perf_counter() - began)
    board = Board(run, (), {}, lambda _: None)
    board.finish()
    return seconds


def epoch_of(epoch: int, rng: random.Random) -> Metrics:
    accuracy = 1 - 0.9 * math.exp(-epoch * rng.random())
    return Metrics(
        epoch=epoch,
        train_loss=1 - accuracy,
        train_accuracy=accuracy,
        validation_loss=1.1 - accuracy,
        validation_accuracy=accuracy,
        validation_balanced_accuracy=accuracy,
        lr=0.1,
        seconds=0.5,
        images_per_second=2000.0,
    )


def opened(path: Path, trials: int) -> Iterator[float]:
    """Yield the seconds until the page, all curves and all rows are there."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "nas", "tensorboard", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split(" at ")[1].split()[0]
            data = address + "data/plugin/"
            for is_there in (
                lambda: get(address),
                lambda: num_curves(get(f"{data}scalars/tags")) == trials,
                lambda: num_rows(post(f"{data}hparams/session_groups")) == trials,
            ):
                wait_until(is_there)
                yield time.perf_counter() - began
        finally:
            process.terminate()


def get(address: str, data: bytes | None = None) -> bytes:
    request = Request(address, data, {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE_SECONDS) as page:
        found: bytes = page.read()
        return found


def post(address: str) -> bytes:
    return get(address, json.dumps(QUERY).encode())


def num_curves(tags: bytes) -> int:
    return sum("validation/accuracy" in each for each in json.loads(tags).values())


def num_rows(answer: bytes) -> int:
    return len(json.loads(answer).get("sessionGroups", ()))


def wait_until(is_there: Callable[[], Any]) -> None:
    end = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < end:
        try:
            if is_there():
                return
        except OSError:  # it does not answer yet
            pass
        time.sleep(0.02)
    raise SystemExit("TensorBoard never showed all trials")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        seconds = made_run(path, options.trials, options.epochs)
        sizes = [file.stat().st_size for file in path.glob("trials/*/events*")]
        each = 1000 * statistics.median(seconds[1:])
        print(f"a trial: {each:.1f} ms, {statistics.mean(sizes) / 1000:.1f} kB")
        rounds = [list(opened(path, options.trials)) for _ in range(options.rounds)]
    names = ("its page", "all curves", "all rows of HParams")
    for name, column in zip(names, zip(*rounds, strict=True), strict=True):
        print(f"{name:20}{statistics.median(column):6.2f} s")


if __name__ == "__main__":
    main()
