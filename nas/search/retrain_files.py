"""Trainings to the end in the run folder: retrain/PROTOCOL/CONTENDER/NUMBER/."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nas.data import Split
from nas.errors import UNREADABLE, RunError, one_line
from nas.retraining import Protocol, Quantization, Retraining
from nas.search.checked import json_data
from nas.search.contenders import Contender
from nas.search.files import write_atomic, write_json
from nas.search.run import RunFolder

_RESULT: Final = "result.json"
_CONTENDER: Final = "contender.json"
_INT8: Final = "int8.json"
_TEST: Final = "test.json"
_BLOCK: Final = 4096
_WEIGHTS: Final = "weights.safetensors"
_TRACEBACK: Final = "traceback.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A folder in a run for networks that are trained to the end.

    ``command`` is what fills it. Weights are kept with the results, or else removed
    once the network was tested.
    """

    folder: str
    command: str
    keeps_weights: bool = True


RETRAINED: Final = Shelf(folder="retrain", command="nas retrain")
"""Where networks are that are trained to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """A contender with all its finished trainings by one protocol, by their numbers.

    ``quantized`` has what they are in 8-bit integers, where that was asked for.
    """

    contender: Contender
    trainings: tuple[Retraining, ...]
    quantized: Mapping[int, Quantization] = field(default_factory=dict)


def retrain_path(run: RunFolder, shelf: Shelf = RETRAINED) -> Path:
    """Return the folder of all retrainings."""
    return run.path / shelf.folder


def training_path(
    run: RunFolder,
    protocol: Protocol,
    contender: str,
    number: int,
    shelf: Shelf = RETRAINED,
) -> Path:
    """Return the folder of one training."""
    return retrain_path(run, shelf) / protocol.folder / contender / str(number)


def weights_path(
    run: RunFolder,
    protocol: Protocol,
    contender: str,
    number: int,
    shelf: Shelf = RETRAINED,
) -> Path:
    """Return the file of a training's weights."""
    return training_path(run, protocol, contender, number, shelf) / _WEIGHTS


def check_test(run: RunFolder, test: Split, shelf: Shelf = RETRAINED) -> None:
    """Refuse test images that are not those of earlier retrainings; keep which.

    Raises:
        RunError: when they are others.
    """
    path = retrain_path(run, shelf) / _TEST
    digest = hashlib.sha256(test.labels.astype("<i8").tobytes())
    for start in range(0, len(test), _BLOCK):
        digest.update(test.images[start : start + _BLOCK].tobytes())
    now = {"images": len(test), "sha256": digest.hexdigest()}
    if path.is_file():
        try:
            is_same = json_data(path.read_bytes()) == now
        except UNREADABLE as error:
            raise _unreadable(path, error, shelf, "writes it again") from None
        if not is_same:
            raise RunError(
                f"{run.path}: the test images are others than those that its networks "
                f"were tested on; bring those back, or remove {path.parent} to train "
                "all of them anew"
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, now)


def enter(
    run: RunFolder,
    protocol: Protocol,
    contender: Contender,
    shelf: Shelf = RETRAINED,
) -> None:
    """Keep who is going to be trained, and how; nothing of it has been, so far."""
    path = retrain_path(run, shelf) / protocol.folder / contender.name / _CONTENDER
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, contender.to_json())


def forget(
    run: RunFolder, protocol: Protocol, contender: str, shelf: Shelf = RETRAINED
) -> None:
    """Remove whatever there is of a contender's trainings."""
    path = retrain_path(run, shelf) / protocol.folder / contender
    shutil.rmtree(path, ignore_errors=True)


def start_training(
    run: RunFolder,
    protocol: Protocol,
    contender: str,
    number: int,
    shelf: Shelf = RETRAINED,
) -> Path:
    """Make the empty folder of a training and return it."""
    folder = training_path(run, protocol, contender, number, shelf)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def finish_training(
    run: RunFolder,
    protocol: Protocol,
    training: Retraining,
    traceback: str | None = None,
    shelf: Shelf = RETRAINED,
) -> None:
    """Keep a finished training, and where the exception of a failed one came from."""
    folder = training_path(run, protocol, training.contender, training.number, shelf)
    if not shelf.keeps_weights:
        (folder / _WEIGHTS).unlink(missing_ok=True)
    if traceback is not None:
        write_atomic(folder / _TRACEBACK, traceback.encode("utf-8", "replace"))
    write_json(folder / _RESULT, training.to_json())


def keep_quantization(
    run: RunFolder, protocol: Protocol, training: Retraining, found: Quantization
) -> None:
    """Keep what a training's network is in 8-bit integers."""
    folder = training_path(run, protocol, training.contender, training.number)
    write_json(folder / _INT8, found.to_json())


def read_retrained(
    run: RunFolder, shelf: Shelf = RETRAINED
) -> dict[Protocol, tuple[Retrained, ...]]:
    """Return the finished trainings by every protocol, those of the latest one last.

    Raises:
        RunError: when one cannot be read.
    """
    found: dict[Protocol, tuple[Retrained, ...]] = {}
    for folder in _folders(retrain_path(run, shelf)):
        protocol = Protocol.of_folder(folder.name)
        if protocol is None:
            continue
        several = []
        for own in _folders(folder):
            trainings = tuple(_trainings(own, shelf))
            if trainings and (path := own / _CONTENDER).exists():
                contender = _contender(run, path, shelf)
                several.append(
                    Retrained(
                        contender=contender,
                        trainings=trainings,
                        quantized=dict(_quantized(own, trainings)),
                    )
                )
        if several:
            found[protocol] = tuple(several)
    return dict(sorted(found.items(), key=lambda item: _latest(item[1])))


def spoilt_trainings(
    run: RunFolder, shelf: Shelf = RETRAINED
) -> Iterator[tuple[Path, str]]:
    """Yield files of retrainings that cannot be read, with what to do."""
    path = retrain_path(run, shelf) / _TEST
    try:
        if path.exists():
            json_data(path.read_bytes())
    except UNREADABLE:
        yield path, f"'{shelf.command}' writes it again"
    for folder in _folders(retrain_path(run, shelf)):
        for own in _folders(folder):
            path = own / _CONTENDER
            try:
                if path.exists():
                    _contender(run, path, shelf)
            except RunError:
                yield path, f"'{shelf.command}' writes it again"
            for number in _folders(own):
                path = number / _RESULT
                try:
                    if path.exists():
                        _training(path, shelf)
                except RunError:
                    yield path, f"'{shelf.command}' trains it again"
                path = number / _INT8
                try:
                    if path.exists():
                        _quantization(path)
                except RunError:
                    yield path, "'nas retrain --quantize int8' makes it again"


def _latest(several: tuple[Retrained, ...]) -> str:
    return max(t.finished for each in several for t in each.trainings)


def _trainings(folder: Path, shelf: Shelf) -> Iterator[Retraining]:
    numbered = [path for path in _folders(folder) if path.name.isdecimal()]
    for path in sorted(numbered, key=lambda path: int(path.name)):
        if (path / _RESULT).is_file():
            yield _training(path / _RESULT, shelf)


def _training(path: Path, shelf: Shelf) -> Retraining:
    try:
        training = Retraining.from_json(json_data(path.read_bytes()))
        if (training.contender, str(training.number)) != path.parts[-3:-1]:
            raise RunError("it is of another training")
    except UNREADABLE as error:
        raise _unreadable(path, error, shelf, "trains it again") from None
    return training


def _quantized(
    folder: Path, trainings: Iterable[Retraining]
) -> Iterator[tuple[int, Quantization]]:
    for training in trainings:
        path = folder / str(training.number) / _INT8
        if path.is_file():
            yield training.number, _quantization(path)


def quantization_beside(weights: Path) -> Quantization | None:
    """Return what a training's network is in 8-bit integers, if that is known.

    Raises:
        RunError: when it cannot be read.
    """
    path = weights.with_name(_INT8)
    return _quantization(path) if path.is_file() else None


def _quantization(path: Path) -> Quantization:
    try:
        return Quantization.from_json(json_data(path.read_bytes()))
    except UNREADABLE as error:
        raise _unreadable(path, error, RETRAINED, "makes it again") from None


def _contender(run: RunFolder, path: Path, shelf: Shelf) -> Contender:
    try:
        data = json_data(path.read_bytes())
        contender = Contender.from_json(data, (run.plugins_path,))
        if contender.name != path.parent.name:
            raise RunError("it is of another network")
    except UNREADABLE as error:
        raise _unreadable(path, error, shelf, "writes it again") from None
    return contender


def _unreadable(path: Path, error: BaseException, shelf: Shelf, then: str) -> RunError:
    why = str(error) if isinstance(error, ValueError) else one_line(error)
    return RunError(
        f"{path}: cannot be read: {why}; 'nas repair' sets it aside, and "
        f"'{shelf.command}' {then}"
    )


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.is_symlink())
