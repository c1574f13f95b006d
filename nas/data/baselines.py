"""How accurate the simplest classifiers are, which take seconds and no network."""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nas.data.dataset import Dataset, Split

FEATURES: Final = 1024
"""Larger images are averaged over squares of pixels until they have no more values."""

IMAGES: Final = 10_000
IMAGE_BYTES: Final = 128 * 2**20
WORK: Final = 10**9
"""The most images of a split, their bytes, and images x features x classes."""

LEAST_IMAGES: Final = 500
ITERATIONS: Final = 50
CHUNK: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A simple classifier's accuracies on the validation split, in [0, 1].

    ``train`` and ``validation`` are the numbers of images it has learnt from and was
    tried on.
    """

    accuracy: float
    balanced_accuracy: float
    train: int
    validation: int


def baselines(dataset: Dataset, seed: int = 0) -> dict[str, Baseline]:
    """Return what guessing and what a linear model reach on the validation split.

    "majority" says the most frequent class of the training split each time, "linear" is
    a logistic regression on the pixels. Of large splits the latter sees a random part
    only, so that it takes seconds and little memory.
    """
    return {"majority": _majority(dataset), "linear": _linear(dataset, seed)}


def _majority(dataset: Dataset) -> Baseline:
    actual = dataset.validation.labels
    largest = np.bincount(dataset.train.labels).argmax()
    return _judged(np.full_like(actual, largest), actual, len(dataset.train))


def _linear(dataset: Dataset, seed: int) -> Baseline:
    shape = dataset.train.images.shape[1:]
    most = _affordable(shape, len(dataset.classes))
    rng = np.random.default_rng(seed)
    chosen = _sample(dataset.train.labels, most, rng)
    tried = _sample(dataset.validation.labels, most, rng)
    guess = _logistic_regression(
        _features(dataset.train, chosen),
        dataset.train.labels[chosen],
        _features(dataset.validation, tried),
    )
    return _judged(guess, dataset.validation.labels[tried], len(chosen))


def _judged(
    guess: NDArray[np.int64], actual: NDArray[np.int64], num_seen: int
) -> Baseline:
    hits = guess == actual
    by_class = [hits[actual == label].mean() for label in np.unique(actual)]
    return Baseline(
        accuracy=round(float(hits.mean()), 4),
        balanced_accuracy=round(float(np.mean(by_class)), 4),
        train=num_seen,
        validation=len(actual),
    )


def _affordable(shape: tuple[int, ...], num_classes: int) -> int:
    by_work = WORK // (min(FEATURES, int(np.prod(shape))) * num_classes)
    by_bytes = IMAGE_BYTES // int(np.prod(shape))
    return max(LEAST_IMAGES, min(IMAGES, by_work, by_bytes))


def _sample(
    labels: NDArray[np.int64], most: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return positions in ascending order: at most so many, and one of each class."""
    if len(labels) <= most:
        return np.arange(len(labels))
    drawn = rng.choice(len(labels), most, replace=False)
    _, first = np.unique(labels, return_index=True)
    return np.union1d(drawn, first)


def _features(split: Split, positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the values of images at some positions: float32 (N, at most FEATURES)."""
    _, channels, height, width = split.images.shape
    step = 1
    while channels * -(-height // step) * -(-width // step) > FEATURES:
        step += 1
    chunks = np.array_split(positions, -(-len(positions) // CHUNK))
    return np.concatenate([_averaged(split.images[chunk], step) for chunk in chunks])


def _averaged(images: NDArray[np.uint8], step: int) -> NDArray[np.float32]:
    """Return the means over squares of ``step`` pixels, a row for each image."""
    _, _, height, width = images.shape
    sums = np.add.reduceat(images, range(0, height, step), axis=2, dtype=np.float32)
    sums = np.add.reduceat(sums, range(0, width, step), axis=3)
    rows, columns = (np.diff([*range(0, side, step), side]) for side in (height, width))
    means = sums / np.outer(rows, columns).astype(np.float32)
    return means.reshape(len(images), -1).astype(np.float32, copy=False)


def _logistic_regression(
    known: NDArray[np.float32],
    labels: NDArray[np.int64],
    unknown: NDArray[np.float32],
) -> NDArray[np.int64]:
    """Return the classes that a logistic regression finds in unknown images."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    mean = known.mean(axis=0)
    # A pixel that hardly ever changes must not be blown up to the size of the others.
    scale = known.std(axis=0) + 5
    model = LogisticRegression(C=50 / len(known), max_iter=ITERATIONS)
    with warnings.catch_warnings():
        # To stop early is one more regularisation, and the time is bounded.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((known - mean) / scale, labels)
    found: NDArray[np.int64] = model.predict((unknown - mean) / scale)
    return found
