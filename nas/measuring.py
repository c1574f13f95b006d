"""How long the networks of a run, an exported model or a known network take."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from nas.arch import read
from nas.arch.reference import REFERENCES, reference_defaults
from nas.errors import ConfigError, RunError, unknown
from nas.executors import call, start_server
from nas.latency import Latency
from nas.nn.timed import SECONDS, Subject, Timed, timed
from nas.preparing import check_main_guard
from nas.records import TrialRecord
from nas.run import Run
from nas.search import RunFolder
from nas.search.devices import check_device
from nas.search.latencies import keep_latencies
from nas.search.workers import num_cores, places

Choice = Literal["front", "best"] | tuple[int, ...]
"""Which trials of a run: those of its front, the most accurate one, or numbers."""

BATCH_SIZES: Final = (1, 64)
MOST_BATCH: Final = 1 << 16
_DEVICES: Final = ("auto", "cpu", "cuda")
_PRELOAD: Final = ("torch",)
_LONGEST_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A network that was measured; ``trial`` is its number where it is one of a run."""

    name: str
    trial: int | None
    timed: Timed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Network:
    """What is to be measured, and the trial of a run that it is, if it is one."""

    subject: Subject
    trial: tuple[Run, TrialRecord] | None = None


def measure(
    *what: Path | str,
    trials: Choice = "front",
    batch_sizes: Sequence[int] = BATCH_SIZES,
    threads: int = 1,
    device: str = "auto",
    input_shape: tuple[int, int, int] | None = None,
    num_classes: int | None = None,
    on_note: Callable[[str], None] = lambda _: None,
) -> list[Measured]:
    """Time networks in their exported form, all of them in turns.

    Figures of a run's trials are kept in the run.

    Args:
        what: each the folder of a run, the folder or the ``model.py`` of an exported
            model, an architecture's JSON file, or the name of a known network.
        trials: which ones of runs.
        batch_sizes: numbers of images in a call.
        threads: of the CPU.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".
        input_shape: (C, H, W) of images for known networks; None for those that the
            network is known for.
        num_classes: likewise.
        on_note: told in a line what is to be known before it begins.

    Raises:
        NasError: when there is nothing of that name, or it cannot be measured.
    """
    check_main_guard()
    _check(batch_sizes, threads, device)
    networks = [
        network
        for one in what
        for network in _networks(one, trials, input_shape, num_classes)
    ]
    _check_shapes(what, input_shape, num_classes)
    if not networks:
        raise ConfigError("nothing is to be measured; name a run, a model or a network")
    on = places(device)[0]
    for note in _notes(len(networks) * len(batch_sizes), on):
        on_note(note)
    subjects = [network.subject for network in networks]
    found = _in_process(subjects, batch_sizes, on, threads)
    try:
        _keep(networks, found)
    except RunError as error:  # what took a while to measure is worth telling
        on_note(f"warning: the figures are not kept: {error}")
    return [
        Measured(
            name=network.subject.name,
            trial=None if network.trial is None else network.trial[1].trial,
            timed=one,
        )
        for network, one in zip(networks, found, strict=True)
    ]


def _check(batch_sizes: Sequence[int], threads: int, device: str) -> None:
    if not batch_sizes:
        raise ConfigError("batch sizes must be given; write for example 1,64")
    for size in batch_sizes:
        if not 1 <= size <= MOST_BATCH:
            raise ConfigError(
                f"a batch must have 1 to {MOST_BATCH:,} images; got {size:,}"
            )
    if not 1 <= threads <= num_cores():
        raise ConfigError(
            f"threads must be from 1 to {num_cores()}, the cores there are for this "
            f"process; got {threads}"
        )
    if device not in _DEVICES:
        raise ConfigError(unknown("device", device, _DEVICES))
    check_device(device)


def _check_shapes(
    what: Sequence[Path | str],
    input_shape: tuple[int, int, int] | None,
    num_classes: int | None,
) -> None:
    """Refuse what would be ignored: all but known networks have shapes of their own."""
    given = {"input": input_shape, "classes": num_classes}
    named = [name for name, value in given.items() if value is not None]
    if named and not any(str(one) in REFERENCES for one in what):
        raise ConfigError(
            f"{named[0]} is for known networks such as resnet20, and "
            f"{', '.join(map(str, what))} {'has' if len(what) == 1 else 'have'} "
            "images and classes of their own; leave it out"
        )


def _networks(
    what: Path | str,
    trials: Choice,
    input_shape: tuple[int, int, int] | None,
    num_classes: int | None,
) -> list[_Network]:
    path = Path(what)
    if _is(path.is_dir):
        if not (path / "model.py").is_file():
            return _of_run(Run(path), trials)
        path = path / "model.py"
    if path.suffix == ".py":
        if not _is(path.is_file):
            raise RunError(f"{path}: there is no such file; 'nas export' makes one")
        return [_Network(subject=Subject(name=str(what), network=path))]
    if path.suffix == ".json":
        return [_Network(subject=Subject(name=str(what), network=read(path)))]
    name = str(what)
    if name not in REFERENCES:
        runs = map(str, Path("runs").glob("*/"))
        raise ConfigError(
            unknown("run or network", name, {*REFERENCES, *runs})
            + " (the path of a run, of a model.py or of a .json file works, too)"
        )
    shape, classes = reference_defaults(name)
    network = REFERENCES[name](input_shape or shape, num_classes or classes)
    return [_Network(subject=Subject(name=name, network=network))]


def _is(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a name that no file can have
        return False


def _of_run(run: Run, trials: Choice) -> list[_Network]:
    return [
        _Network(
            subject=Subject(
                name=f"{run.path.name} {record.trial}", network=record.architecture
            ),
            trial=(run, record),
        )
        for record in run.chosen(trials)
    ]


def _notes(figures: int, device: str) -> list[str]:
    """Return what is to be known before the measuring begins."""
    notes = []
    load = os.getloadavg()[0]
    if load >= 1 and device == "cpu":
        notes.append(
            f"warning: the machine is at work (a load of {load:.1f} on "
            f"{os.cpu_count()} cores): figures are of a machine that does other things"
        )
    seconds = round(figures * SECONDS * 1.5 + 3)
    notes.append(f"measuring, for about {seconds} s and longer if networks are slow")
    return notes


def _in_process(
    subjects: Sequence[Subject], batch_sizes: Sequence[int], device: str, threads: int
) -> tuple[Timed, ...]:
    """Measure in a process of its own: models are code, and may take all there is."""
    try:
        found: tuple[Timed, ...] | str = call(
            start_server(_PRELOAD),
            timed,
            subjects,
            tuple(batch_sizes),
            device,
            threads,
            timeout_seconds=_LONGEST_SECONDS,
        )
    except ChildProcessError as error:
        raise RunError(
            f"nothing could be measured: {error}; if there is too little memory, "
            "measure fewer networks, or smaller batches"
        ) from None
    if isinstance(found, str):
        raise RunError(found)
    return found


def _keep(networks: Sequence[_Network], found: Sequence[Timed]) -> None:
    measured: dict[Path, dict[str, tuple[Latency, ...]]] = {}
    for network, one in zip(networks, found, strict=True):
        if network.trial is not None:
            run, record = network.trial
            measured.setdefault(run.path, {})[record.hash] = one.latencies
    for path, own in measured.items():
        keep_latencies(RunFolder(path), own)
