"""What a source of data may be, as `nas data --help` shows it."""

from textwrap import wrap
from typing import Final

SOURCES: Final = (
    ("digits", "1,797 handwritten digits of 8 x 8; no download"),
    (
        "FOLDER",
        "a folder of images for each class, with or without train/, val/ and test/ "
        "above them",
    ),
    (
        "FOLDER",
        "the IDX files of MNIST, Fashion-MNIST, KMNIST or EMNIST, .gz or not, or the "
        "batches of CIFAR-10 or CIFAR-100",
    ),
    (
        "FILE.npz",
        "arrays x and y, or x_train, y_train and those of val and test; NHWC, NCHW or "
        "NHW",
    ),
    ("hf:NAME[:CONFIG]", "a data set of the Hugging Face hub (needs the extra hf)"),
    ("hf:PATH", "one on disk"),
    (
        "FILE.py:FUNCTION",
        "a function of yours that returns arrays or a LightningDataModule",
    ),
    ("MODULE:FUNCTION", "one of an installed module"),
)

_WIDTH: Final = 76
_INDENT: Final = max(len(form) for form, _ in SOURCES) + 3


def _table() -> str:
    """Return the forms of a source with what they are, in two columns."""
    lines = []
    for form, meaning in SOURCES:
        first, *others = wrap(meaning, _WIDTH - _INDENT)
        lines.append(f"{form:{_INDENT}}{first}")
        lines += [" " * _INDENT + line for line in others]
    return "\n".join(lines)


# Typer leaves the lines of a paragraph alone that begins with a backspace.
DATA_HELP: Final = f"""Describe a source of data before any search.

SOURCE, here and in 'nas search --data', is one of these:

\b
{_table()}

Splits that are not given are made, the same ones for every search. Prints counts,
splits, duplicates between splits, unreadable files, imbalance, and what guessing and a
linear model reach on the validation split.
"""
