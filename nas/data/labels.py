"""From the labels a source has to classes 0 to K - 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError, shown

_LISTED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classes:
    """The names of the classes, and the class of every image of each split.

    ``mapped`` says how, where the labels were not the classes' numbers or names.
    """

    names: tuple[str, ...]
    of: Mapping[str, NDArray[np.int64]]
    mapped: str | None


def classes_of(
    place: str,
    labels: Mapping[str, NDArray[Any]],
    given_names: Mapping[int, str] | None,
) -> Classes:
    """Return the classes that the labels are of, sorted by label.

    Names that are numbers are sorted as such. The first split must have all classes.

    Args:
        place: the source, for errors.
        labels: (N,), integers or strings, of each split.
        given_names: of integer labels, as far as there are any.

    Raises:
        DataError: when there are fewer than two classes, or a split has a class that
            the first has not.
    """
    train, *others = labels
    known = _sorted(np.unique(labels[train]))
    for split in others:
        if labels[split].dtype.kind != labels[train].dtype.kind and (
            "U" in labels[split].dtype.kind + labels[train].dtype.kind
        ):
            raise DataError(
                f"{place}: the labels of one of {train} and {split} are numbers and of "
                "the other names; give the same to both"
            )
        extra = np.setdiff1d(labels[split], known)
        if len(extra):
            raise DataError(
                f"{place}: {split} has the label {_quoted(extra)}, of which "
                f"{train} has no image; add some, or take those of {split} out"
            )
    if len(known) < 2:
        only = f"only one class, {_quoted(known)}" if len(known) else "no images"
        raise DataError(f"{place} has {only}; a classifier needs at least two")
    order = np.argsort(known)
    rank = {
        split: order[np.searchsorted(known[order], of)].astype(np.int64)
        for split, of in labels.items()
    }
    return Classes(
        names=_names(known, given_names), of=rank, mapped=_mapped(place, known)
    )


def check_counts(
    place: str, names: tuple[str, ...], labels: NDArray[np.int64], num_splits: int
) -> None:
    """Check that every class can be in each of the splits that are made.

    Raises:
        DataError: naming the first class that has too few images.
    """
    least = max(2, num_splits)
    counts = np.bincount(labels, minlength=len(names))
    few = np.flatnonzero(counts < least)
    if len(few):
        name, count = names[few[0]], int(counts[few[0]])
        images = "1 image" if count == 1 else f"{count} images"
        more = f" (and {len(few) - 1} more classes)" if len(few) > 1 else ""
        raise DataError(
            f"{place}: class {shown(name)} has {images}{more}; "
            f"a class needs at least {least}: add images or leave the class out"
        )


def _sorted(labels: NDArray[Any]) -> NDArray[Any]:
    if labels.dtype.kind == "U" and all(name.isdecimal() for name in labels.tolist()):
        return np.array(sorted(labels.tolist(), key=lambda name: (int(name), name)))
    return labels


def _names(
    labels: NDArray[Any], given_names: Mapping[int, str] | None
) -> tuple[str, ...]:
    given = given_names or {}
    return tuple(str(given.get(label, label)) for label in labels.tolist())


def _mapped(place: str, labels: NDArray[Any]) -> str | None:
    if labels.dtype.kind == "U" or np.array_equal(labels, np.arange(len(labels))):
        return None
    return (
        f"{place}: the labels {_quoted(labels)} became the classes 0 to "
        f"{len(labels) - 1}; their names are kept"
    )


def _quoted(labels: NDArray[Any]) -> str:
    quoted = [shown(label) for label in labels[:_LISTED].tolist()]
    return ", ".join(quoted) + (", ..." if len(labels) > _LISTED else "")
