"""Trials per hour against the script that an experienced user would write.

Trains one list of random architectures of the default space with ``naive.py`` (Optuna's
``optimize``, ``DataLoader``, ``Trainer`` as it comes, one trial at a time on all cores)
and with the workers and the training of ``nas search`` (one-thread workers, one a
core), with the same epochs, batches, optimizer and schedule; ours in float32, or in
bfloat16 with ``--precision bf16``. Each pair of
runs has a seed of its own; the order within a pair alternates.

    python benchmarks/throughput.py digits
    python benchmarks/throughput.py images --source FASHION_MNIST_FOLDER
    python benchmarks/throughput.py images          # made-up 28x28 images

For both it prints trials per hour, the ratio of each pair and its median, the mean
accuracy over the candidates with its standard error over the seeds, and the share of
the processor's fp32 matrix rate: the operations of all convolutions and linear layers
(backward twice forward) in the time, over those of products of square matrices on all
cores, measured before each pair. Starting processes and imports are in neither time.

On a machine that others work on, the threads of ``naive.py`` wait for each other and
the ratio says more about them than about us: look at the load that is printed, or give
``--naive-threads 1``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from candidates import cores, drawn, flops, hardware, images, trained

from nas.arch import Architecture, to_json
from nas.data import SearchData, load
from nas.records import Recipe

NAIVE = Path(__file__).parent / "naive.py"

MATRIX_RATE = """
import time, torch
a, b = torch.randn(2, 2048, 2048)
a @ b
rates = []
for _ in range(9):
    began = time.perf_counter()
    a @ b
    rates.append(2 * 2048**3 / (time.perf_counter() - began))
print(sorted(rates)[4])
"""


def naive(
    path: Path, data: SearchData, architectures: list[Architecture], recipe: Recipe
) -> None:
    """Write what ``naive.py`` reads."""
    facts = {
        "mean": data.mean,
        "std": data.std,
        "recipe": asdict(recipe),
        "architectures": [to_json(architecture) for architecture in architectures],
    }
    np.savez(
        path,
        facts=json.dumps(facts),
        train_images=data.train.images,
        train_labels=data.train.labels,
        validation_images=data.validation.images,
        validation_labels=data.validation.labels,
    )


def run_naive(
    path: Path, seed: int, loader_workers: int, threads: int | None
) -> tuple[float, list[float]]:
    """Return the seconds of all trials and their accuracies."""
    results = path.with_name("results.json")
    command = [sys.executable, str(NAIVE), str(path), str(results)]
    command += ["--seed", str(seed), "--loader-workers", str(loader_workers)]
    command += [] if threads is None else ["--threads", str(threads)]
    subprocess.run(command, check=True, capture_output=True)
    found = json.loads(results.read_text())
    return found["total_seconds"], found["accuracies"]


def matrix_rate() -> float:
    """Return the operations per second of fp32 matrix products on all cores."""
    command = [sys.executable, "-c", MATRIX_RATE]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def mean_and_error(values: list[float]) -> str:
    """Return the mean with its standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4f} ± {error:.4f}"


def main() -> None:
    """Measure in pairs, and print what came of each and of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=("digits", "images"))
    parser.add_argument("--source", help="of the images; made up without it")
    parser.add_argument("--seeds", type=int, default=5, help="pairs of runs")
    parser.add_argument("--candidates", type=int, default=12)
    parser.add_argument("--max-params", type=int, default=200_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--train-images", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=len(cores()))
    parser.add_argument("--loader-workers", type=int, default=0, help="of naive.py")
    parser.add_argument("--naive-threads", type=int, help="torch's choice without it")
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    options = parser.parse_args()
    if options.data == "digits":
        data = load("digits").for_search()
    else:
        num_train = options.train_images
        data = images(options.source, num_train, num_train // 4)
    architectures = drawn(data, options.candidates, options.max_params)
    recipe = Recipe(epochs=options.epochs, precision=options.precision)
    operations = sum(flops(data, a, options.epochs) for a in architectures)
    print(f"{hardware()}; load {os.getloadavg()[0]:.1f}")
    print(
        f"{len(architectures)} networks of at most {options.max_params:,} parameters, "
        f"{len(data.train)} training images of {data.name} {data.input_shape}, "
        f"{options.epochs} epochs, ours in {options.precision}"
    )
    ratios, rates = [], {"naive": [], "nas": []}
    shares: dict[str, list[float]] = {"naive": [], "nas": []}
    accuracies: dict[str, list[float]] = {"naive": [], "nas": []}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "candidates.npz"
        naive(path, data, architectures, recipe)
        for seed in range(options.seeds):
            peak = matrix_rate()
            seconds = {}
            for name in ("naive", "nas") if seed % 2 else ("nas", "naive"):
                if name == "naive":
                    spent, reached = run_naive(
                        path, seed, options.loader_workers, options.naive_threads
                    )
                else:
                    spent, results = trained(
                        data, architectures, recipe, seed, options.workers
                    )
                    reached = [float(result.accuracy or 0) for result in results]
                seconds[name] = spent
                rates[name].append(3600 * len(architectures) / spent)
                shares[name].append(operations / spent / peak)
                accuracies[name].append(statistics.mean(reached))
            ratios.append(seconds["naive"] / seconds["nas"])
            print(
                f"seed {seed}: naive {seconds['naive']:.1f} s, nas "
                f"{seconds['nas']:.1f} s, ratio {ratios[-1]:.2f}",
                flush=True,
            )
    print(f"\nratio, median of {len(ratios)}: {statistics.median(ratios):.2f}")
    print("       trials/h  share of fp32 rate  accuracy (standard error over seeds)")
    for name in ("naive", "nas"):
        print(
            f"{name:6} {statistics.median(rates[name]):8,.0f}"
            f"  {100 * statistics.median(shares[name]):16.1f} %"
            f"  {mean_and_error(accuracies[name])}"
        )
    apart = [
        mine - theirs
        for mine, theirs in zip(accuracies["nas"], accuracies["naive"], strict=True)
    ]
    print(f"accuracy of nas over naive: {mean_and_error(apart)}")


if __name__ == "__main__":
    main()
