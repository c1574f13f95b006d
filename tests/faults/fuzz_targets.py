"""Every reader of files from outside, with a good file each as our writers make it.

For hypothesis here and for atheris in ``benchmarks/fuzz.py``.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "data")]

from made import made, picture, save_cifar_binary, save_cifar_python, save_idx, save_npz
from made_latency import latency
from made_run import architectures, make_run, record

from nas.arch import read, to_json
from nas.data import load
from nas.errors import NasError
from nas.noise import Belief, Beliefs, Repeat
from nas.run import Run
from nas.search.latencies import keep_latencies, read_latencies
from nas.search.noise_files import (
    finish_repeat,
    read_repeats,
    start_repeat,
    write_beliefs,
)
from nas.space import read_space, shipped


@dataclass(frozen=True, kw_only=True)
class Target:
    """A file in a folder, and what reads it.

    Args:
        make: writes good files into an empty folder.
        file: the one of them to spoil.
        use: reads it, and what else it takes to notice that it is spoilt.
    """

    make: Callable[[Path], object]
    file: str
    use: Callable[[Path], object]


def _space(folder: Path) -> None:
    shutil.copy(shipped()["joint"], folder / "a.yaml")


def _architecture(folder: Path) -> None:
    (network,) = architectures(1)
    (folder / "a.json").write_text(json.dumps(to_json(network)))


def _run(folder: Path) -> None:
    run = make_run(folder / "run", [0.5, 0.7, 0.6, 0.65, 0.8, 0.9, None])
    run.promote(1, 2)
    first = record(0, architectures(1)[0], 0.5)
    again = Repeat(
        trial=0,
        number=2,
        status="complete",
        seconds=1.0,
        accuracy=0.55,
        loss=0.4,
        curve=(0.3, 0.55),
        seed=5,
        device="cpu",
        error=None,
        reason=None,
        batch_size=None,
        finished=first.finished,
    )
    start_repeat(run, 0, 2)
    finish_repeat(run, again)
    one = Belief(trial=0, accuracy=0.5, low=0.4, high=0.6, on_front=0.9)
    write_beliefs(
        run,
        Beliefs(trials=6, repeats=1, noise=0.1, beliefs=(one,), ahead=((5, 0, 0.9),)),
    )
    keep_latencies(run, {first.hash: (latency(), latency(9.0, batch_size=64))})
    run.records()


def _read_run(folder: Path) -> None:
    run = Run(folder / "run")
    run.folder.promotions()
    read_repeats(run.folder)
    run.folder.unfinished()
    run.summary().to_json()
    read_latencies(run.folder)
    run.best()


def _load(name: str = "") -> Callable[[Path], object]:
    return lambda folder: load(str(folder / name))


def _images(suffix: str) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        images, labels = made(3, 6)["train"]
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            target = folder / "images" / str(label)
            target.mkdir(parents=True, exist_ok=True)
            picture(image).save(target / f"{number}{suffix}")

    return make


def _emnist(folder: Path) -> None:
    save_idx(made(), folder, prefix="emnist-")
    (folder / "emnist-mapping.txt").write_text("0 48\n1 49\n2 65 97\n")


def _classes(folder: Path) -> None:
    images, labels = made()["train"]
    names = np.array(["a", "b", "c"])
    np.savez(folder / "a.npz", x=images, y=labels, classes=names)


def _meta(folder: Path) -> None:
    save_cifar_python(made(3, 32), folder)
    import pickle

    names = {b"label_names": [b"a", b"b", b"c"]}
    (folder / "batches.meta").write_bytes(pickle.dumps(names, protocol=2))


_FIRST = made(3, 6)["train"][1][0]
_RESULT = "run/trials/00000/result.json"
_REPEAT = "run/trials/00000/repeats/2/result.json"

TARGETS = {
    "space": Target(make=_space, file="a.yaml", use=lambda f: read_space(f / "a.yaml")),
    "architecture": Target(
        make=_architecture, file="a.json", use=lambda f: read(f / "a.json")
    ),
    "result": Target(make=_run, file=_RESULT, use=_read_run),
    "repeat": Target(make=_run, file=_REPEAT, use=_read_run),
    "beliefs": Target(make=_run, file="run/beliefs.json", use=_read_run),
    "latency": Target(make=_run, file="run/latency.json", use=_read_run),
    "promoted": Target(make=_run, file="run/trials/00001/promoted.json", use=_read_run),
    "index": Target(make=_run, file="run/index.tsv", use=_read_run),
    "config": Target(make=_run, file="run/config.yaml", use=_read_run),
    "run_space": Target(
        make=_run,
        file="run/space.yaml",
        use=lambda f: Run(f / "run").folder.space(),
    ),
    "idx": Target(
        make=lambda f: save_idx(made(), f),
        file="train-images-idx3-ubyte",
        use=_load(),
    ),
    "idx_labels": Target(
        make=lambda f: save_idx(made(), f),
        file="train-labels-idx1-ubyte",
        use=_load(),
    ),
    "idx_gz": Target(
        make=lambda f: save_idx(made(), f, ".gz"),
        file="train-images-idx3-ubyte.gz",
        use=_load(),
    ),
    "emnist": Target(make=_emnist, file="emnist-mapping.txt", use=_load()),
    "npz": Target(
        make=lambda f: save_npz(made(), f / "a.npz"), file="a.npz", use=_load("a.npz")
    ),
    "npz_plain": Target(make=_classes, file="a.npz", use=_load("a.npz")),
    "cifar": Target(
        make=lambda f: save_cifar_binary(made(3, 32), f),
        file="data_batch_1.bin",
        use=_load(),
    ),
    "cifar_pickle": Target(
        make=lambda f: save_cifar_python(made(3, 32), f),
        file="data_batch_1",
        use=_load(),
    ),
    "cifar_meta": Target(make=_meta, file="batches.meta", use=_load()),
    **{
        f"image{suffix}": Target(
            make=_images(suffix), file=f"images/{_FIRST}/0{suffix}", use=_load("images")
        )
        for suffix in (".png", ".jpg", ".gif", ".bmp", ".tif", ".ppm", ".webp")
    },
}


@cache
def seed(name: str) -> bytes:
    """Return what a good file holds."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        target.make(Path(folder))
        (path,) = Path(folder).glob(target.file)
        return path.read_bytes()


class Spoiling:
    """Good files in a folder of their own, one of which is spoilt again and again."""

    def __init__(self, name: str, folder: Path) -> None:
        self._target = TARGETS[name]
        self._good = folder / "good"
        self._folder = folder / "spoilt"
        os.environ["NAS_CACHE_DIR"] = str(folder / "cache")
        self._cache = folder / "cache"
        self._good.mkdir()
        self._target.make(self._good)

    def read(self, data: bytes) -> NasError | None:
        """Read the file with such a content; return how it was refused, if it was.

        Raises:
            Exception: of any other kind, which is a mistake in the reader.
        """
        for path in (self._folder, self._cache):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self._good, self._folder)
        (self._folder / self._target.file).write_bytes(data)
        try:
            self._target.use(self._folder)
        except NasError as error:
            message = str(error)
            assert message
            assert len(message) < 2000, message
            return error
        return None
