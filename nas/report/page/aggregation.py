"""Sum, concat or hierarchical: what differs in accuracy, by block and by size."""

from collections.abc import Sequence

from nas.errors import counted
from nas.report.explanation import AggregationEffect
from nas.report.page.data import PageData
from nas.report.page.forest import Choice, forest
from nas.report.page.html import Column, listed, table, text
from nas.report.page.section import Section
from nas.report.page.text import in_line, points


def aggregation_section(data: PageData) -> Section | None:
    """Return the differences between aggregations, and what they say in words.

    Without any to compare, the words say so; None without an explanation.
    """
    explanation = data.explanation
    if explanation is None:
        return None
    effects = explanation.effects
    title = "Sum, concat or hierarchical"
    html = f"<p>{text(explanation.words)}</p>\n{listed(explanation.notes)}"
    if all(effect.difference is None for effect in effects):
        more = _table(effects) if effects else ""
        return Section(anchor="aggregation", title=title, html=html, more=more)
    figures = [
        forest(
            "aggregation-blocks",
            _by_band(effects),
            _blocks(effects),
            lambda effect: effect.block,
            _words([e for e in effects if e.band is None], "all sizes together"),
        )
    ]
    bands = [e for e in effects if e.block is None]
    if any(effect.band is not None for effect in bands):
        figures.append(
            forest(
                "aggregation-bands",
                [Choice(label="all blocks together", effects=bands)],
                _sizes(bands),
                lambda effect: effect.band,
                _words(bands, "all blocks together"),
            )
        )
    said = (
        "A mark is the difference of mean accuracy at equal size between networks with "
        "one aggregation and with the other, with its interval: right of zero the "
        "first is more accurate. It is filled where that is established, which is to "
        "say that the interval leaves out zero. To the right stands how many trials "
        "had the one, and the other."
    )
    return Section(
        anchor="aggregation",
        title=title,
        html=f"{html}<p>{text(said)}</p>\n",
        figures=tuple(figures),
        more=_table(effects),
    )


def _by_band(effects: Sequence[AggregationEffect]) -> list[Choice]:
    bands = dict.fromkeys(effect.band for effect in effects)
    ordered = sorted(
        bands, key=lambda band: (band is not None, band.low if band else 0)
    )
    return [
        Choice(
            label="all sizes" if band is None else band.label,
            effects=[effect for effect in effects if effect.band == band],
        )
        for band in ordered
    ]


def _blocks(effects: Sequence[AggregationEffect]) -> list[tuple[str, object]]:
    blocks = sorted({e.block for e in effects}, key=lambda block: block or 0)
    return [
        ("all blocks" if block is None else f"block {block}", block) for block in blocks
    ]


def _sizes(effects: Sequence[AggregationEffect]) -> list[tuple[str, object]]:
    bands = dict.fromkeys(effect.band for effect in effects)
    ordered = sorted(
        bands, key=lambda band: (band is not None, band.low if band else 0)
    )
    return [("all sizes" if band is None else band.label, band) for band in ordered]


def _words(effects: Sequence[AggregationEffect], where: str) -> str:
    """Return how many differences are established, and the largest of them."""
    known = [effect for effect in effects if effect.difference is not None]
    sure = [effect for effect in known if effect.established]
    few = len(effects) - len(known)
    said = (
        f"Differences between aggregations, {where}: "
        f"{len(sure)} of {counted(len(effects), 'difference')} "
        f"{'is' if len(sure) == 1 else 'are'} established"
    )
    said += f", {few} have too few trials" if few else ""
    if not sure:
        return f"{said}."
    most = max(sure, key=lambda effect: abs(effect.difference or 0.0))
    assert most.difference is not None
    better, other = most.one, most.other
    if most.difference < 0:
        better, other = other, better
    at = "" if most.block is None else f" in block {most.block}"
    at += "" if most.band is None else f" at {most.band.label} parameters"
    return (
        f"{said}; the largest: {in_line(better)} is "
        f"{points(abs(most.difference)).lstrip('+')} percentage points more accurate "
        f"than {in_line(other)}{at}."
    )


def _table(effects: Sequence[AggregationEffect]) -> str:
    columns = [
        Column(title="comparison"),
        Column(title="block"),
        Column(title="parameters"),
        Column(title="difference in points", number=True),
        Column(title="from", number=True),
        Column(title="to", number=True),
        Column(title="trials", number=True),
        Column(title="established"),
    ]
    rows = [
        (
            f"{text(in_line(effect.one))} \N{MINUS SIGN} {text(in_line(effect.other))}",
            "all" if effect.block is None else str(effect.block),
            "all" if effect.band is None else text(effect.band.label),
            *_numbers(effect),
            f"{effect.trials_one:,} / {effect.trials_other:,}",
            "yes" if effect.established else "no",
        )
        for effect in effects
    ]
    return table(
        columns, rows, caption="Differences between aggregations at equal size"
    )


def _numbers(effect: AggregationEffect) -> tuple[str, str, str]:
    values = (effect.difference, effect.low, effect.high)
    if None in values:
        return ("too few trials", "", "")
    middle, low, high = (points(value or 0.0) for value in values)
    return middle, low, high
