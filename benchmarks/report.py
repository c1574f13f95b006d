"""What `nas report` takes for a run of many trials, and how large its page becomes.

    python benchmarks/report.py
    python benchmarks/report.py --trials 1000 10000 --keep runs/made

Fills run folders with random networks of the default space for images of 28x28 in grey,
and accuracies that rise with size plus noise; one trial in fifty failed. Then runs
`nas report` on each, in a process of its own, and prints seconds by the clock and the
size of report.html. Nothing is trained.
"""

import argparse
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory

from candidates import hardware

from nas.arch import Architecture
from nas.nn.cost import cost
from nas.records import TrialRecord
from nas.search import RunFolder, SearchConfig
from nas.space import BoundSpace, SearchSpace

SHAPE = (1, 28, 28)
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FACTS = {
    "name": "made",
    "classes": [str(digit) for digit in range(10)],
    "shape": list(SHAPE),
    "train": 50_000,
    "fitted": 40_000,
    "validation": 10_000,
    "test": 10_000,
    "mean": [0.3],
    "std": [0.3],
}


def make_run(path: Path, trials: int) -> None:
    """Fill a run folder with trials that nobody has trained."""
    rng = random.Random(0)
    space = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=SHAPE,
        num_classes=10,
        max_params=200_000,
    )
    config = SearchConfig(trials=trials, max_params=space.max_params)
    run = RunFolder.create(path, config, space.space, FACTS)
    for trial in range(trials):
        architecture = space.sample(rng)
        run.start_trial(trial, architecture)
        run.finish_trial(record(trial, architecture, rng))


def record(trial: int, architecture: Architecture, rng: random.Random) -> TrialRecord:
    """Return what a training might have come to."""
    total = cost(architecture).total
    error = 0.3 * total.params**-0.2 * rng.lognormvariate(0, 0.3)
    fine = rng.random() >= 0.02
    accuracy = round(1 - error, 4) if fine else None
    return TrialRecord(
        trial=trial,
        architecture=architecture,
        params=total.params,
        macs=total.macs,
        status="complete" if fine else "failed",
        seconds=5 + 2 * log(total.macs) * rng.random(),
        accuracy=accuracy,
        loss=error if fine else None,
        curve=tuple(round(1 - error - 0.5 / n**2, 4) for n in range(1, 16)),
        seed=trial,
        device="cpu",
        error=None if fine else "RuntimeError: out of luck",
        finished=(START + timedelta(seconds=10 * trial)).isoformat(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--keep", type=Path, help="a new folder for the runs")
    options = parser.parse_args()
    print(hardware())
    print("trials  seconds  report.html")
    with TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        for trials in options.trials:
            path = root / f"run-{trials}"
            make_run(path, trials)
            began = time.perf_counter()
            command = [sys.executable, "-m", "nas", "report", str(path)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = time.perf_counter() - began
            size = (path / "report" / "report.html").stat().st_size
            print(f"{trials:6,}  {seconds:7.1f}  {size / 1e6:8.2f} MB", flush=True)


if __name__ == "__main__":
    main()
