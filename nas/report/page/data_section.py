"""What there is to know about the data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nas.report.page.data import PageData
from nas.report.page.html import Column, listed, pairs, table, text
from nas.report.page.section import Section
from nas.report.page.words import percent

_SPLITS: Final = ("train", "validation", "test")
_MOST_CLASSES: Final = 40
_BASELINES: Final = {
    "majority": "always the largest class",
    "linear": "a linear model on the pixels",
}


def data_section(data: PageData) -> Section:
    """Return splits, classes, baselines and what to be wary of."""
    facts = data.facts
    return Section(
        anchor="data",
        title="Data",
        html=pairs(_facts(facts)) + listed(facts.get("warnings", ())),
        more=_classes(facts),
    )


def _facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "name", text(facts["name"])
    channels, height, width = facts["shape"]
    colour = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
    yield "images", f"{height} \N{MULTIPLICATION SIGN} {width}, {colour}"
    yield "classes", f"{len(facts['classes']):,}"
    held = facts["train"] - facts.get("fitted", facts["train"])
    learnt = f"; candidates learn from {facts['fitted']:,} of them" if held else ""
    yield "training images", f"{facts['train']:,}{learnt}"
    yield "validation images", f"{facts['validation']:,}"
    yield "test images", f"{facts['test']:,}, not seen by the search"
    if "imbalance" in facts:
        ratio = facts["imbalance"]
        yield "largest class", f"{ratio:.2f} times the smallest one"
    for name, words in _BASELINES.items():
        if name in facts.get("baselines", {}):
            found = facts["baselines"][name]
            reached = percent(found["accuracy"])
            balanced = percent(found["balanced_accuracy"])
            yield words, f"{reached} of validation, {balanced} balanced"
    twice = {k: v for k, v in facts.get("duplicates", {}).items() if v}
    for splits, count in twice.items():
        yield f"in two splits ({text(splits)})", f"{count:,}"
    if facts.get("unreadable"):
        yield "unreadable images", f"{facts['unreadable']:,}, left out"


def _classes(facts: Mapping[str, Any]) -> str:
    counts = facts.get("counts")
    names = facts["classes"]
    if counts is None:  # a run of old
        return ""
    columns = [
        Column(title="class"),
        *(Column(title=f"{split} images", number=True) for split in _SPLITS),
    ]
    places = _listed(counts["train"])
    rows = [
        [text(names[i]), *(f"{counts[split][i]:,}" for split in _SPLITS)]
        for i in places
    ]
    left = len(names) - len(rows)
    more = f"<p>{left:,} classes of middling size are left out.</p>\n" if left else ""
    return table(columns, rows, caption="Images of every class") + more


def _listed(counts: Sequence[int]) -> list[int]:
    """Return the classes to list: all, or the largest and the smallest."""
    places = list(range(len(counts)))
    if len(places) <= _MOST_CLASSES:
        return places
    ranked = sorted(places, key=lambda i: -counts[i])
    half = _MOST_CLASSES // 2
    return ranked[:half] + ranked[-half:]
