"""The facts about a data set as rich tables."""

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nas.cli.render import percent
from nas.data.facts import DataFacts
from nas.errors import printable
from nas.records import Recipe

MOST_CLASSES: Final = 30
"""Of more classes the largest and the smallest are listed, half of the lines each."""

BALANCED: Final = 1.5
"""Up to so many times the smallest class, the largest one is nothing to speak of."""

BAR: Final = 24

_TITLES: Final = {"train": "training", "validation": "validation", "test": "test"}


def facts_view(facts: DataFacts, recipe: Recipe) -> RenderableType:
    """Return what there is to know about a data set.

    Args:
        facts: of the data.
        recipe: what a search would train it with.
    """
    given = facts.validation if "validation" in facts.given else 0
    total = facts.train + given + facts.test
    shape = "x".join(map(str, facts.shape))
    colour = {1: ", grey", 3: ", colour"}.get(facts.shape[0], "")
    title = Text.assemble(
        (facts.name, "bold"),
        f": {total:,} images of {shape}{colour}, {len(facts.classes):,} classes",
    )
    tables = (_splits(facts), _classes(facts), _findings(facts, recipe))
    return Group(title, *(part for table in tables for part in (Text(), table)))


def _splits(facts: DataFacts) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for name, title in _TITLES.items():
        origin = _origin(facts, name)
        table.add_row(title, f"{getattr(facts, name):,}", Text(origin, "dim"))
    return table


def _origin(facts: DataFacts, split: str) -> str:
    """Return where a split comes from, and what becomes of its images."""
    if split in facts.given and (split != "train" or "test" in facts.given):
        origin = "given"
    elif split == "validation":
        return "held out from the training images"
    elif "train" in facts.given:
        origin = f"made from the {facts.given['train']:,} training images given"
    else:
        rest = facts.validation if "validation" in facts.given else 0
        every = facts.train + rest + facts.test
        origin = f"made from the {every - sum(facts.given.values()):,} images given"
    if split == "train" and facts.fitted < facts.train:
        return f"{origin}; candidates learn from {facts.fitted:,} of them"
    return origin


def _classes(facts: DataFacts) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title=None)
    table.add_column("class", overflow="fold", max_width=40)
    for name in _TITLES.values():
        table.add_column(name, justify="right")
    table.add_column("")
    counts = facts.counts
    largest = max(1, *counts["train"])
    for label in _listed(counts["train"]):
        if label is None:
            omitted = len(facts.classes) - MOST_CLASSES
            table.add_row(f"... {omitted:,} more ...", style="dim")
            continue
        bar = "█" * round(BAR * counts["train"][label] / largest)
        numbers = (f"{counts[name][label]:,}" for name in _TITLES)
        table.add_row(
            Text(printable(facts.classes[label])), *numbers, Text(bar, "blue")
        )
    return table


def _listed(counts: tuple[int, ...]) -> list[int | None]:
    """Return the classes to list, None standing for those left out."""
    if len(counts) <= MOST_CLASSES:
        return list(range(len(counts)))
    by_size = sorted(range(len(counts)), key=lambda label: -counts[label])
    half = MOST_CLASSES // 2
    return [*by_size[:half], None, *by_size[-half:]]


def _findings(facts: DataFacts, recipe: Recipe) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("balance", _balance(facts))
    table.add_row("duplicates", _duplicates(facts))
    lost = f"{facts.unreadable:,} images, left out" if facts.unreadable else "none"
    table.add_row("unreadable", lost)
    for name, meaning in (
        ("majority", "always the largest class"),
        ("linear", "logistic regression on the pixels"),
    ):
        reached = facts.baselines[name]
        table.add_row(
            f"{name} baseline",
            f"{percent(reached.accuracy)} of validation, balanced "
            f"{percent(reached.balanced_accuracy)} ({meaning})",
        )
    mirrored = "mirrored at random" if recipe.flip else "not mirrored"
    table.add_row(
        "augmentation", f"{recipe.augment}, images are {mirrored} (--augment, --flip)"
    )
    for warning in facts.warnings:
        table.add_row(Text("warning", "bold yellow"), Text(warning))
    return table


def _balance(facts: DataFacts) -> str:
    counts = facts.counts["train"]
    if facts.imbalance <= BALANCED:
        few = f"{min(counts):,} to " if min(counts) < max(counts) else ""
        return f"{few}{max(counts):,} training images in every class"
    return (
        f"the largest class has {facts.imbalance:.1f} times the training images of the "
        "smallest; consider --class-weights and --objective balanced-accuracy"
    )


def _duplicates(facts: DataFacts) -> str:
    if not any(facts.duplicates.values()):
        return "none between splits"
    return ", ".join(
        f"{count:,} images in {' and '.join(_TITLES[name] for name in pair.split('/'))}"
        for pair, count in facts.duplicates.items()
        if count
    )
