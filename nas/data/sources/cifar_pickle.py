"""CIFAR's python batches are pickles, and a pickle can run any code: not here."""

import pickle
import pickletools
import re
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError, printable

_NUMBER: Final = re.compile(r"[<>=|]?([biu][1248]|f[248])")


def read_batch(path: Path) -> dict[str, Any]:
    """Return the dictionary in a file: arrays, bytes, strings, numbers, containers.

    Keys are strings, though Python 2 wrote them as bytes.

    Raises:
        DataError: when the file asks for anything else, or is damaged.
    """
    try:
        data = path.read_bytes()
        _check_numbers(data)
        batch = _plain(_Unpickler(BytesIO(data), encoding="bytes").load())
    except OSError:
        raise
    except _Forbidden as error:
        raise DataError(
            f"{path} asks for {error}, which no CIFAR batch needs and which could run "
            "code: it was not loaded; get the file from its authors"
        ) from error
    except Exception as error:  # a damaged pickle fails in every way there is
        raise DataError(
            f"{path} is not a CIFAR batch, or damaged ({type(error).__name__}: "
            f"{printable(str(error))[:200]}); get the file again"
        ) from error
    if not isinstance(batch, dict):
        raise DataError(f"{path} must hold a dictionary; got {type(batch).__name__}")
    return {
        key.decode("latin-1") if isinstance(key, bytes) else key: value
        for key, value in batch.items()
        if isinstance(key, bytes | str)  # no other has a name
    }


def _check_numbers(data: bytes) -> None:
    """Refuse lengths and places beyond the file, for which there would be no memory.

    Raises:
        ValueError: for these, and for what is no pickle at all.
    """
    for code, argument, _ in pickletools.genops(data):  # which run nothing
        if "PUT" in code.name and (argument or 0) > len(data):
            raise ValueError(f"place {argument:,} in a file of {len(data):,} bytes")


class _Forbidden(pickle.UnpicklingError):
    """A pickle asked for something that is not data."""


class _Inert:
    """What a pickle gets where it names a part of NumPy: it holds, and does nothing."""

    __slots__ = ("arguments", "state")

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Type(_Inert):
    """``numpy.dtype``."""

    def plain(self) -> np.dtype[Any]:
        """Return the type of a number."""
        code = _text(self.arguments[0])
        if not _NUMBER.fullmatch(code):
            raise _Forbidden(f"an array of {code!r}")
        order = _text(self.state[1]) if self.state else "="
        return np.dtype(code).newbyteorder("=" if order == "|" else order)  # type: ignore[arg-type]


class _Array(_Inert):
    """``numpy.core.multiarray._reconstruct`` of an array."""

    def plain(self) -> NDArray[Any]:
        """Return the array."""
        _, shape, dtype, is_fortran, data = self.state
        return _array(_leaf(data), dtype, shape, "F" if is_fortran else "C")


class _Buffer(_Inert):
    """``numpy.core.numeric._frombuffer``, the same in newer pickles."""

    def plain(self) -> NDArray[Any]:
        """Return the array."""
        return _array(*self.arguments)


class _Scalar(_Inert):
    """``numpy.core.multiarray.scalar``."""

    def plain(self) -> Any:
        """Return the number."""
        dtype, data = self.arguments
        return _array(_leaf(data), dtype, (), "C").item()


class _Encoded(_Inert):
    """``_codecs.encode``, by which Python 3 writes bytes for Python 2."""

    def plain(self) -> bytes:
        """Return the bytes."""
        text, encoding = self.arguments
        if encoding not in ("latin1", "latin-1"):
            raise _Forbidden(f"the codec {encoding!r}")
        return str(text).encode("latin-1")


class _Unpickler(pickle.Unpickler):
    _NAMES: ClassVar[dict[tuple[str, str], type[_Inert]]] = {
        ("_codecs", "encode"): _Encoded,
        ("numpy", "dtype"): _Type,
        ("numpy", "ndarray"): _Inert,
        **{
            (module, name): kind
            for core in ("numpy.core", "numpy._core")
            for module, name, kind in (
                (f"{core}.multiarray", "_reconstruct", _Array),
                (f"{core}.multiarray", "scalar", _Scalar),
                (f"{core}.numeric", "_frombuffer", _Buffer),
            )
        },
    }

    def find_class(self, module: str, name: str) -> type[_Inert]:
        """Return a stand-in of the few parts of NumPy that hold numbers.

        Raises:
            _Forbidden: for everything else.
        """
        try:
            return self._NAMES[module, name]
        except KeyError:
            raise _Forbidden(f"{module}.{name}") from None

    def persistent_load(self, _: Any) -> NoReturn:
        """Refuse: objects from outside of the file are not data."""
        raise _Forbidden("an object from outside of the file")


def _plain(value: Any) -> Any:
    """Return a value with its stand-ins, two levels down, made what they stand for."""
    if isinstance(value, dict):
        return {_leaf(key): _items(item) for key, item in value.items()}
    return _items(value)


def _items(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_leaf(item) for item in value]
    return _leaf(value)


def _leaf(value: Any) -> Any:
    if isinstance(value, _Array | _Buffer | _Encoded | _Scalar):
        return value.plain()
    return value


def _array(
    data: bytes | bytearray, dtype: _Type, shape: tuple[int, ...], order: Any
) -> NDArray[Any]:
    plain = dtype.plain()
    if len(data) != prod(shape) * plain.itemsize:
        raise ValueError(f"an array of shape {shape} has {len(data)} bytes")
    return np.frombuffer(data, plain).reshape(shape, order=order)


def _text(value: Any) -> str:
    value = _leaf(value)
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
