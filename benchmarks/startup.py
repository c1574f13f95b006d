"""How long it takes until a search trains, and until a command that does not answers.

Prints the median seconds over ROUNDS of:

- `nas --help`,
- `nas search` (digits, two workers) until its first trial begins to train, which is
  when its TensorBoard file appears, and until all of two trials of one epoch are done.

    python benchmarks/startup.py [--rounds 5]
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

COMMAND = [sys.executable, "-m", "nas"]
SEARCH = [*COMMAND, "search", "--trials", "2", "--epochs", "1", "--workers", "2"]


def help_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([*COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def search_seconds() -> tuple[float, float]:
    """Return the seconds until the first trial begins, and until the search ends."""
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        began = time.perf_counter()
        with subprocess.Popen(
            [*SEARCH, "--run", str(run)], stdout=subprocess.DEVNULL
        ) as process:
            first = 0.0
            while process.poll() is None:
                if not first and any(run.glob("trials/*/events*")):
                    first = time.perf_counter() - began
                time.sleep(0.02)
        assert process.returncode == 0, process.returncode
        return first, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = range(parser.parse_args().rounds)
    rows = [(help_seconds(), *search_seconds()) for _ in rounds]
    names = ("nas --help", "first trial begins", "two trials are done")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        print(f"{name:20}{statistics.median(column):6.2f} s")


if __name__ == "__main__":
    main()
