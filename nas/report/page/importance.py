"""What accuracy given size goes by: a bar for each gene."""

from typing import Final

from nas.errors import counted
from nas.report.explanation import Explanation, Importance
from nas.report.page.data import PageData
from nas.report.page.html import Column, table, text
from nas.report.page.layout import MARGIN
from nas.report.page.marks import BLUE, GREY
from nas.report.page.section import Figure, Section
from nas.report.page.text import in_figure, in_line
from nas.report.page.words import percent

_MOST_BARS: Final = 20
_LONGEST_NAME: Final = 28


def importance_section(data: PageData) -> Section | None:
    """Return how much goes by each gene; None where nothing can be said about any."""
    explanation = data.explanation
    if explanation is None or not explanation.importances:
        return None
    known = explanation.importances
    drawn = tuple(found for found in known if found.value > 0)[:_MOST_BARS] or known[:1]
    words = _words(explanation)
    html = f"<p>Method: {text(explanation.method)}.</p>\n"
    if len(drawn) < len(known):
        why = "the others come to less"
        if not any(found.value > 0 for found in known[len(drawn) :]):
            why = "the others come to nothing"
        html += (
            f"<p>{len(drawn)} of {counted(len(known), 'gene')} "
            f"{'is' if len(drawn) == 1 else 'are'} drawn: {why}.</p>\n"
        )
    return Section(
        anchor="importance",
        title="Importance of genes at a given size",
        html=html,
        figures=(_figure(drawn, words),),
        more=_table(known),
    )


def _figure(drawn: tuple[Importance, ...], words: str) -> Figure:
    clear = [found.established for found in drawn]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [_short(found.value) for found in drawn],
        "y": list(range(len(drawn))),
        "marker": {
            "color": [BLUE if is_clear else GREY for is_clear in clear],
            "pattern": {
                "shape": ["" if is_clear else "/" for is_clear in clear],
                "size": 5,
            },
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_short(found.high - found.value) for found in drawn],
            "arrayminus": [_short(found.value - found.low) for found in drawn],
            "color": GREY,
            "thickness": 2,
            "width": 5,
        },
        "hoverinfo": "text",
        "hovertext": [
            f"{in_figure(found.gene)}: {percent(found.value)}, "
            f"{percent(found.low)} to {percent(found.high)}, "
            f"{counted(found.trials, 'trial')}"
            for found in drawn
        ],
    }
    return Figure(
        name="importance",
        data=[bars],
        layout={
            "xaxis": {
                "title": {"text": "share of the variance"},
                "tickformat": "~%",
                "rangemode": "tozero",
                "nticks": 6,
            },
            "yaxis": {
                "tickvals": list(range(len(drawn))),
                "ticktext": [in_figure(found.gene, _LONGEST_NAME) for found in drawn],
                "range": [len(drawn) - 0.4, -0.6],
                "automargin": True,
                "fixedrange": True,
                "showgrid": False,
            },
            "showlegend": False,
            "margin": {**MARGIN, "t": 34},
            "hovermode": "closest",
        },
        words=words,
        height=110 + 26 * len(drawn),
    )


def _words(explanation: Explanation) -> str:
    known = explanation.importances
    sure = [found for found in known if found.established]
    first = (sure or known)[0]
    share = (
        f"{percent(first.value)} of what size leaves unexplained "
        f"({percent(first.low)} to {percent(first.high)})"
    )
    among = f"among {counted(explanation.trials, 'complete trial')}"
    if not sure:
        return (
            f"None of {counted(len(known), 'gene')} explains more than chance alone "
            f"would give to any, {among}. {in_line(first.gene)} comes first, with "
            f"{share}."
        )
    return (
        f"{in_line(first.gene)} matters most, {among}: it explains {share}. "
        f"{len(sure)} of {counted(len(known), 'gene')} "
        f"{'explains' if len(sure) == 1 else 'explain'} more than chance alone would "
        "give to any; their bars are plain, the others hatched."
    )


def _table(known: tuple[Importance, ...]) -> str:
    columns = [
        Column(title="gene"),
        Column(title="share", number=True),
        Column(title="from", number=True),
        Column(title="to", number=True),
        Column(title="trials", number=True),
        Column(title="established"),
    ]
    rows = [
        (
            text(in_line(found.gene)),
            percent(found.value),
            percent(found.low),
            percent(found.high),
            f"{found.trials:,}",
            "yes" if found.established else "no",
        )
        for found in known
    ]
    return table(columns, rows, caption="Importance of each gene")


def _short(value: float) -> float:
    return float(f"{value:.6g}")
