"""What comes out of a search whose processes are killed all the time: no trial is lost.

Runs a search of TRIALS tiny trainings (digits, the default space up to 10k parameters,
EPOCHS epochs). Every few seconds a random worker is killed with -9, and once a minute
the coordinator, after which the search is resumed. In the end the books are checked
(``books.py``): as many trials as were asked for have finished or failed, results are as
they were before each kill, and index and study agree with them. Every finished trial's
weights are loaded, and must give the recorded accuracy to the last digit. Linux.

Prints what was killed, what had to be trained again, how long processes outlived their
coordinator, and the coordinator's memory (that no file stands behind) and open files.
Both are sampled while it trains; "growth" is the slope within lives, per 100 trials, in
which it fills what it remembers. Exits with 1 if anything is wrong, among that growth
from the first third of the samples to the last.

    python benchmarks/soak.py [--trials 500] [--epochs 3] [--workers 2] [--seed 0]
        [--worker-seconds 4] [--coordinator-seconds 60] [--run FOLDER]
"""

import argparse
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from books import lost, results, unbalanced
from candidates import hardware
from lives import Life, open_files, own_bytes
from safetensors.torch import load_file

from nas.data import SearchData, load
from nas.nn.build import build
from nas.nn.processor import suit_processor
from nas.records import TrialRecord
from nas.run import Run
from nas.train.batches import batch_sizes, scaled
from nas.train.imbalance import accuracies
from nas.train.resident import ResidentFeed

ORPHANS_SECONDS = 2
LONGEST_SECONDS = 30
SAMPLED_SECONDS = 0.5
SETTLED_SECONDS = 5
"""What a coordinator takes in while it begins is no growth."""

MOST_MEMORY, MOST_FILES = 1.25, 2
"""Memory so many times that of the first third, or more files, would be a leak."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The coordinator at some moment of one of its lives."""

    life: int
    trials: int
    mib: float
    files: int


@dataclass(kw_only=True)
class Story:
    """All that happened to a search."""

    wrong: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    killed_workers: int = 0
    orphans_seconds: list[float] = field(default_factory=list)
    begun_again: int = 0
    seconds: float = 0.0


def torment(options: argparse.Namespace, run: Path) -> Story:
    """Run a search to its end, whatever it takes."""
    story = Story()
    rng = random.Random(options.seed)
    began = time.monotonic()
    words: tuple[object, ...] = (
        *("search", "--max-params", "10k", "--trials", options.trials),
        *("--epochs", options.epochs, "--workers", options.workers),
        *("--seed", options.seed, "--device", "cpu", "--run", run),
    )
    for life_number in range(sys.maxsize):
        before = results(run)
        with Life(words, run.parent) as life:
            watch(life, life_number, run, options, rng, story)
            if life.code is None:
                life.kill()
                story.orphans_seconds.append(life.gone_after_seconds(LONGEST_SECONDS))
                told = f"killed after {len(results(run))} trials"
            else:
                told = f"ended with exit code {life.code}"
            out, err = life.out, life.err
        print(
            f"{time.monotonic() - began:6.0f} s  life {life_number} {told}", flush=True
        )
        story.wrong += lost(run, before)
        if life.code == 0:
            break
        if life.code != -signal.SIGKILL:
            story.wrong.append(f"exit code {life.code}: {out[-500:]}{err[-2000:]}")
            break
        if (run / "config.yaml").exists():
            words = ("resume", run)
            story.begun_again += len(unfinished(run))
    story.seconds = time.monotonic() - began
    return story


def watch(
    life: Life,
    number: int,
    run: Path,
    options: argparse.Namespace,
    rng: random.Random,
    story: Story,
) -> None:
    """Kill workers and take samples until the life has ended, or is to."""
    began, before = time.monotonic(), num_finished(run)
    next_kill = began + rng.uniform(0.5, 1.5) * options.worker_seconds
    while life.code is None:
        now = time.monotonic()
        if now - began > options.coordinator_seconds and num_finished(run) > before:
            return  # on a slow machine, too, every life gets somewhere
        if now > next_kill:
            next_kill = now + rng.uniform(0.5, 1.5) * options.worker_seconds
            if trainers := life.trainers():
                with suppress(ProcessLookupError):
                    os.kill(rng.choice(trainers), signal.SIGKILL)
                    story.killed_workers += 1
        if now - began > SETTLED_SECONDS and unfinished(run):
            memory, files = own_bytes(life.pid), open_files(life.pid)
            if memory is not None and files is not None:
                story.samples.append(
                    Sample(
                        life=number,
                        trials=num_finished(run),
                        mib=memory / 2**20,
                        files=files,
                    )
                )
        time.sleep(SAMPLED_SECONDS)


def num_finished(run: Path) -> int:
    """Return how many trials have a result."""
    return sum(1 for _ in run.glob("trials/*/result.json"))


def unfinished(run: Path) -> list[Path]:
    """Return the trials that have begun and not ended."""
    begun = run.glob("trials/*/architecture.json")
    return [path for path in begun if not path.with_name("result.json").exists()]


def growth(samples: Sequence[Sample], name: str) -> float:
    """Return how much a value grows within a life, for every 100 trials."""
    trials, values = [], []
    for life in {sample.life for sample in samples}:
        own = [sample for sample in samples if sample.life == life]
        mean_trials = statistics.fmean(sample.trials for sample in own)
        mean_value = statistics.fmean(getattr(sample, name) for sample in own)
        trials += [sample.trials - mean_trials for sample in own]
        values += [getattr(sample, name) - mean_value for sample in own]
    spread = sum(each**2 for each in trials)
    if not spread:
        return 0.0
    return 100 * sum(t * v for t, v in zip(trials, values, strict=True)) / spread


def thirds(samples: Sequence[Sample], name: str) -> tuple[float, float]:
    """Return the means of a value in the first and in the last third of all samples."""
    size = max(1, len(samples) // 3)
    values = [getattr(sample, name) for sample in samples] or [0]
    return statistics.fmean(values[:size]), statistics.fmean(values[-size:])


def not_reproduced(
    run: Path, records: Sequence[TrialRecord], data: SearchData
) -> Iterator[str]:
    """Say which networks do not have the accuracy that is on record."""
    feed = ResidentFeed(data.validation, torch.device("cpu"))
    index = torch.arange(len(feed))
    for record in records:
        network = build(record.architecture, data.mean, data.std)
        folder = run / "trials" / f"{record.trial:05d}"
        network.load_state_dict(load_file(folder / "weights.safetensors"))
        suit_processor(network)
        network.to(memory_format=torch.channels_last)
        network.eval()
        hits, counts = torch.zeros((2, data.num_classes), dtype=torch.int64)
        for images, labels in feed.batches(index, batch_sizes(len(index), 1024)):
            with torch.no_grad():
                found = network(scaled(images)).argmax(dim=1)
            hits += torch.bincount(labels[found == labels], minlength=len(hits))
            counts += torch.bincount(labels, minlength=len(counts))
        accuracy, _ = accuracies(hits, counts)
        if accuracy != record.accuracy:
            yield f"trial {record.trial} has {accuracy}, recorded {record.accuracy}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker-seconds", type=float, default=4)
    parser.add_argument("--coordinator-seconds", type=float, default=60)
    parser.add_argument("--run", type=Path, help="the run folder to make, and to keep")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(hardware())
    with TemporaryDirectory() as folder:
        run = (options.run or Path(folder) / "run").absolute()
        story = torment(options, run)
        wrong = story.wrong + unbalanced(run)
        records = Run(run).records
        complete = [record for record in records if record.status == "complete"]
        bad = list(not_reproduced(run, complete, load("digits").for_search()))
    slowest = max(story.orphans_seconds, default=0.0)
    if slowest > ORPHANS_SECONDS:
        wrong.append(f"a process outlived its coordinator by {slowest:.1f} s")
    mib, files = (thirds(story.samples, name) for name in ("mib", "files"))
    if mib[1] > MOST_MEMORY * mib[0] or files[1] > files[0] + MOST_FILES:
        wrong.append("the coordinator takes ever more memory or files")
    statuses = Counter(record.status for record in records)
    reasons = Counter(record.reason for record in records if record.status == "failed")
    rows = {
        "asked": options.trials,
        "finished": statuses["complete"],
        "failed": f"{statuses['failed']} {dict(reasons) or ''}",
        "accuracies reproduced": f"{len(complete) - len(bad)} of {len(complete)}",
        "workers killed": story.killed_workers,
        "coordinators killed": len(story.orphans_seconds),
        "trained again, worker killed": sum(r.attempts - 1 for r in records),
        "trained again, coordinator killed": story.begun_again,
        "longest life of an orphan": f"{slowest:.2f} s",
        "memory, first and last third": f"{mib[0]:.1f} and {mib[1]:.1f} MiB",
        "its growth": f"{growth(story.samples, 'mib'):+.2f} MiB",
        "open files, first and last third": f"{files[0]:.1f} and {files[1]:.1f}",
        "their growth": f"{growth(story.samples, 'files'):+.2f}",
        "wall time": f"{story.seconds:.0f} s",
    }
    for name, value in rows.items():
        print(f"{name:35}{value}")
    wrong += bad
    for problem in wrong:
        print(f"WRONG: {problem}")
    print("the books balance" if not wrong else "the books do not balance")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
