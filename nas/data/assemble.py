"""From the parts of a source to the three splits of a data set."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nas.data.dataset import Dataset, Split, channel_statistics
from nas.data.decode import Allocate, Decoded, Progress, as_grey, decode, listed
from nas.data.identical import digests, fingerprint, groups_of, shared, sort_order
from nas.data.labels import Classes, check_counts, classes_of
from nas.data.sources.base import ALL, BLOCK_BYTES, SPLITS, Opened
from nas.data.splits import stratified_groups
from nas.errors import DataError

TEST_FRACTION: Final = 0.2
VALIDATION_FRACTION: Final = 0.2  # of what the test split leaves

Positions = NDArray[np.intp]
Picked = Mapping[str, tuple[str, Positions]]
"""Of each split, the part that it comes from and the positions there, in its order."""


def assemble(
    name: str,
    place: str,
    opened: Opened,
    *,
    seed: int,
    image_size: int | None,
    on_progress: Progress,
    allocate: Allocate,
) -> Dataset:
    """Read all images and make the data set's three splits of them.

    Neither what the images are stored in nor their order makes a difference: they are
    sorted by a digest of their pixels before anything is drawn, so that the same images
    give the same splits. In that order neighbours are of any class. Identical images
    are never parted by a split that is made here.

    Args:
        name: of the data set.
        place: its source, for errors.
        opened: the source.
        seed: of the splits that are made.
        image_size: the side of all images, None for that of the source.
        on_progress: told of every block of images.
        allocate: called for "decoded-PART" of each part, then for each split.

    Raises:
        DataError: when no training can use the data.
    """
    decoded, failures = decode(place, opened, image_size, on_progress, allocate)
    if opened.grey_if_equal:
        decoded = as_grey(decoded)
    classes = classes_of(
        place, {part: found.labels for part, found in decoded.items()}, opened.names
    )
    marks = {part: digests(found.images) for part, found in decoded.items()}
    picked, unseen = _pick(place, classes, marks, seed)
    marked = {
        split: marks[part][positions] for split, (part, positions) in picked.items()
    }
    duplicates = shared(marked)
    splits = {
        split: Split(
            images=_gathered(decoded[part], positions, split, allocate),
            labels=classes.of[part][positions],
        )
        for split, (part, positions) in picked.items()
    }
    mean, std = channel_statistics(splits["train"].images)
    sizes = {split: len(found) for split, found in splits.items()}
    return Dataset(
        name=name,
        classes=classes.names,
        train=splits["train"],
        validation=splits["validation"],
        test=splits["test"],
        mean=mean,
        std=std,
        warnings=(
            *opened.warnings,
            *_left_out(place, failures),
            *((classes.mapped,) if classes.mapped else ()),
            *unseen,
            *(_leak(place, pair, duplicates[pair], sizes) for pair in duplicates),
        ),
        unreadable=len(failures),
        given=tuple(split for split in SPLITS if split in decoded),
        duplicates=duplicates,
        # No trial sees the test split, so none depends on it.
        fingerprint=fingerprint(
            {split: marked[split] for split in ("train", "validation")},
            {split: splits[split].labels for split in ("train", "validation")},
        ),
    )


def _pick(
    place: str, classes: Classes, marks: Mapping[str, NDArray[np.void]], seed: int
) -> tuple[dict[str, tuple[str, Positions]], list[str]]:
    """Return which images make each split, and warnings about those made here."""
    for part, found in marks.items():
        if not len(found):
            raise DataError(f"{place}: {part} has no images; add some or leave it out")
    pool = ALL if ALL in marks else "train"
    missing = [split for split in ("test", "validation") if split not in marks]
    check_counts(place, classes.names, classes.of[pool], 1 + len(missing))

    order = {part: sort_order(found, classes.of[part]) for part, found in marks.items()}
    rest = order[pool]
    made: dict[str, Positions] = {}
    warnings = []
    for split in missing:
        kept, taken = stratified_groups(
            classes.of[pool][rest],
            groups_of(marks[pool][rest]),
            TEST_FRACTION if split == "test" else VALIDATION_FRACTION,
            seed,
        )
        rest, made[split] = rest[kept], rest[taken]
        warnings += _unseen(place, split, classes, classes.of[pool][made[split]])
    made["train"] = rest
    warnings += _unseen(place, "train", classes, classes.of[pool][rest])
    picked = {
        split: (pool, made[split]) if split in made else (split, order[split])
        for split in SPLITS
    }
    return picked, warnings


def _gathered(
    decoded: Decoded, positions: Positions, split: str, allocate: Allocate
) -> NDArray[np.uint8]:
    """Return the images at some positions, in their order."""
    images = allocate(split, (len(positions), *decoded.images.shape[1:]))
    step = max(1, BLOCK_BYTES // images[:1].nbytes)
    for start in range(0, len(positions), step):
        some = positions[start : start + step]
        images[start : start + len(some)] = decoded.images[some]
    return images


def _left_out(place: str, failures: Sequence[str]) -> list[str]:
    if not failures:
        return []
    return [
        f"{place}: {len(failures):,} images cannot be read and are left out: "
        f"{listed(list(failures))}"
    ]


def _unseen(
    place: str, split: str, classes: Classes, labels: NDArray[Any]
) -> list[str]:
    """Warn of classes that a split which was made here has no image of.

    Raises:
        DataError: when it has no image at all.
    """
    counts = np.bincount(labels, minlength=len(classes.names))
    names = [classes.names[label] for label in np.flatnonzero(counts == 0)]
    if not counts.any():
        raise DataError(
            f"{place}: no {split} split can be made, because all images of a class are "
            "identical; add different ones"
        )
    if not names:
        return []
    return [
        f"{place}: {split} has no image of {listed(names, 5)}: identical images stay "
        "together, and there are too few others; add some"
    ]


def _leak(place: str, pair: str, count: int, sizes: Mapping[str, int]) -> str:
    one, other = pair.split("/")
    return (
        f"{place}: {count:,} of the {sizes[other]:,} {other} images are in {one}, too, "
        f"pixel by pixel: accuracy on {other} will flatter; remove them from either"
    )
