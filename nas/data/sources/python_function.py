"""A function of the user's that returns arrays or a LightningDataModule."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, Final, Self, final

import numpy as np
from numpy.typing import NDArray

from nas.data.sources.arrays import Arrays, parts_of
from nas.data.sources.base import Opened, Source
from nas.data.sources.data_module import (
    as_array,
    is_data_module,
    read_data_module,
)
from nas.data.sources.npz import CLASSES, by_split
from nas.data.sources.rows import in_memory
from nas.errors import DataError, unknown

_PAIRS: Final = {2: ("train", "test"), 3: ("train", "val", "test")}
"""What two or three pairs of arrays are, as in ``keras.datasets.*.load_data()``."""


@final
@dataclass(frozen=True)
class PythonFunction(Source):
    """``MODULE:FUNCTION`` or ``FILE.py:FUNCTION``, called without arguments.

    It is called whenever the data is loaded, since nothing else tells whether its
    images are the same; what they are then decides whether there are stored ones.
    """

    module: str
    function: str

    @classmethod
    def parse(cls, source: str) -> Self | None:
        """Return what a text of that form stands for, None for one of another form."""
        module, _, function = source.rpartition(":")
        is_file = module.endswith(".py")
        is_module = all(name.isidentifier() for name in module.split("."))
        if not function.isidentifier() or not (is_file or is_module):
            return None
        return cls(module=module, function=function)

    @property
    def place(self) -> str:
        """The function."""
        return f"{self.module}:{self.function}"

    def state(self) -> str:
        """Return a digest of all arrays."""
        digest = blake2b(digest_size=16)
        for name, array in self._arrays.items():
            digest.update(repr((name, array.shape, array.dtype.str)).encode())
            for block in in_memory(np.atleast_1d(array)).blocks():
                digest.update(np.ascontiguousarray(block).tobytes())
        return digest.hexdigest()

    def open(self) -> Opened:
        """Return the arrays."""
        arrays = dict(self._arrays)
        given_names = arrays.pop(CLASSES, None)
        splits = {
            split: Arrays(x, in_memory(np.atleast_1d(images)), y, labels)
            for split, (x, images, y, labels) in by_split(self.place, arrays).items()
        }
        names = None
        if given_names is not None:
            names = dict(enumerate(given_names.astype(str).ravel().tolist()))
        return Opened(parts=parts_of(self.place, splits), names=names)

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        with _explained(self.place):
            returned = self._callable()()
            if is_data_module(returned):
                returned = read_data_module(returned)
            arrays = {name: as_array(value) for name, value in self._named(returned)}
        used = {CLASSES} & arrays.keys()
        for images, _, labels, _ in by_split(self.place, arrays).values():
            used |= {images, labels}
        for name in sorted(used):
            if arrays[name].dtype.hasobject:
                raise DataError(
                    f"{self.place}: {name} must be an array of numbers, or of strings "
                    "for labels; got one of objects; turn it into a plain array"
                )
        return {name: arrays[name] for name in sorted(used)}

    def _callable(self) -> Callable[[], Any]:
        if self.module.endswith(".py"):
            module = _module_of_file(Path(self.module).expanduser())
        else:
            with _importable_from(Path.cwd()):
                module = importlib.import_module(self.module)
        found = getattr(module, self.function, None)
        if callable(found):
            call: Callable[[], Any] = found
            return call
        functions = [
            name
            for name, value in vars(module).items()
            if callable(value) and not name.startswith("_")
        ]
        if not functions:
            raise DataError(f"{self.module} has no function; write {self.function}")
        raise DataError(
            f"{self.module}: {unknown('function', self.function, functions)}"
        )

    def _named(self, returned: Any) -> Iterable[tuple[str, Any]]:
        """Return the arrays with the names that they would have in a ``.npz`` file."""
        if isinstance(returned, Mapping):
            return [(str(name).lower(), value) for name, value in returned.items()]
        if isinstance(returned, tuple | list):
            are_pairs = all(
                isinstance(pair, tuple) and len(pair) == 2 for pair in returned
            )
            if are_pairs and len(returned) in _PAIRS:
                return [
                    (f"{axis}_{split}", value)
                    for split, pair in zip(_PAIRS[len(returned)], returned, strict=True)
                    for axis, value in zip("xy", pair, strict=True)
                ]
            if len(returned) == 2:
                return list(zip("xy", returned, strict=True))
        raise DataError(
            f"{self.place} must return a dict like a .npz file (x, y or x_train, "
            "y_train, ...), a pair (x, y), pairs for train and test, or a "
            f"LightningDataModule; got {type(returned).__name__}"
        )


def _module_of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise DataError(f"{path} does not exist; check the path ahead of the colon")
    name = f"_nas_data_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as dataclasses and pickle expect
    with _importable_from(path.resolve().parent):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _importable_from(folder: Path) -> Iterator[None]:
    """Have modules beside the user's found, as they are when Python runs a file."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with suppress(ValueError):  # the module may have put things in order itself
            sys.path.remove(str(folder))


@contextmanager
def _explained(place: str) -> Iterator[None]:
    """Turn what a user's code raises into an error that says where it did."""
    try:
        yield
    except DataError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise DataError(
            f"{place} raised {reason[:200]}{_where(error)}; mend it and try again"
        ) from error


def _where(error: BaseException) -> str:
    """Return the line of the user's code that an error came from, if any."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    own = str(Path(__file__).parents[2])
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if not frame.filename.startswith((own, "<frozen"))
        and "site-packages" not in frame.filename
        and frame.filename != importlib.__file__
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
