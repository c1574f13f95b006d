"""The part of the page that shows an ablation."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from nas.drawing.palette import AGGREGATION_COLOURS
from nas.errors import counted, printable
from nas.report.ablated import Ablation, Switched, Variant
from nas.report.page.section import Figure, Section

_SYMBOLS: Final = {"sum": "circle", "concat": "square", "tree": "triangle-up"}
_KINDS: Final = {"tree": "hierarchical"}
_HEADS: Final = (
    "network",
    "aggregations",
    "parameters",
    "MACs",
    "seeds",
    "mean, %",
    "difference, points",
    "95 %",
    "p",
)


def ablation_section(found: Ablation) -> Section:
    """Return the section: what it says, a figure with intervals, and all numbers."""
    name = f"ablation-trial-{found.trial}-{found.protocol.folder}"
    said = "".join(f"<li>{_text(line)}</li>" for line in found.lines())
    return Section(
        anchor=name,
        title=f"Trial {found.trial} with other aggregations",
        html=f"<p>The trial and its variants at the same size, "
        f"{counted(found.epochs, 'epoch')} each, from the same seeds.</p>"
        f"<ul>{said}</ul>",
        figures=(_figure(name, found),),
        more=_table(found),
    )


def _figure(name: str, found: Ablation) -> Figure:
    compared = [one for one in found.switched if one.versus.difference is not None]
    kinds = dict.fromkeys(one.now for one in compared)
    # Plotly reads a category's text as HTML.
    rows = [_text(_label(one)) for one in found.switched]
    return Figure(
        name=name,
        data=[_trace(kind, [s for s in compared if s.now == kind]) for kind in kinds],
        layout={
            "xaxis": {
                "title": {"text": f"{found.kind} less that of the trial, in points"},
                "zeroline": True,
                "zerolinewidth": 2,
            },
            "yaxis": {
                "categoryorder": "array",
                "categoryarray": rows,
                "autorange": "reversed",
                "automargin": True,
                "type": "category",
            },
            "legend": {"orientation": "h"},
        },
        words=f"Differences of {found.kind} between trial {found.trial} and the same "
        "network with other aggregations, with intervals: "
        + "; ".join(f"{_label(one)} {_difference(one)}" for one in compared),
        height=140 + 30 * len(found.switched),
    )


def _trace(kind: str, several: Sequence[Switched]) -> Mapping[str, Any]:
    colour = AGGREGATION_COLOURS[_KINDS.get(kind, kind)]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _text(kind),
        "x": [_points(one.versus.difference) for one in several],
        "y": [_text(_label(one)) for one in several],
        "text": [_text(_hover(one)) for one in several],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "color": colour,
            "size": 10,
            "line": {"color": colour, "width": 2},
            "symbol": [
                _SYMBOLS.get(kind, "diamond") + ("" if one.versus.apart else "-open")
                for one in several
            ],
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "color": colour,
            "array": [_reach(one, one.versus.high) for one in several],
            "arrayminus": [_reach(one, one.versus.low) for one in several],
        },
    }


def _points(difference: float | None) -> float | None:
    return None if difference is None else round(100 * difference, 4)


def _reach(one: Switched, end: float | None) -> float:
    """Return how far an interval reaches to one side; nowhere without any."""
    found = one.versus.difference
    return 0.0 if end is None or found is None else round(100 * abs(end - found), 4)


def _label(one: Switched) -> str:
    where = "all blocks" if one.block is None else f"block {one.block}"
    return f"{where}: {one.now}{'*' if one.deeper else ''}"


def _hover(one: Switched) -> str:
    instead = f" instead of {one.was}" if one.was else ""
    return (
        f"{_label(one)}{instead}: {_difference(one)}, "
        f"{one.variant.total.params:,} parameters, {one.variant.total.macs:,} MACs"
    )


def _difference(one: Switched) -> str:
    found = one.versus
    assert found.difference is not None
    text = f"{100 * found.difference:+.2f} points"
    if found.low is None or found.high is None:
        return text
    return f"{text} ({_interval(one)})"


def _interval(one: Switched) -> str:
    low, high = one.versus.low, one.versus.high
    if low is None or high is None:
        return ""
    return f"{100 * low:+.2f} to {100 * high:+.2f}"


def _table(found: Ablation) -> str:
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    rows = [_row(f"trial {found.trial}", found.base, None)]
    rows += [_row(_label(one), one.variant, one) for one in found.switched]
    return (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _row(label: str, variant: Variant, one: Switched | None) -> str:
    about, cells = variant.spread, ["", "", ""]
    if one is not None and one.versus.difference is not None:
        p = one.versus.p
        cells = [
            f"{100 * one.versus.difference:+.2f}",
            _interval(one),
            "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}",
        ]
    return "".join(
        (
            "<tr>",
            *(
                f"<td>{_text(cell)}</td>"
                for cell in (
                    label,
                    " ".join(variant.aggregations),
                    f"{variant.total.params:,}",
                    f"{variant.total.macs:,}",
                    str(len(variant.reached)),
                    "" if about is None else f"{100 * about.mean:.2f}",
                    *cells,
                )
            ),
            "</tr>",
        )
    )


def _text(text: str) -> str:
    return escape(printable(text))
