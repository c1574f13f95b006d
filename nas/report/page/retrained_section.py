"""What retrained networks came to on the test split, as tables and figures."""

from collections.abc import Iterator
from math import log10
from typing import Any, Final

from nas.errors import counted, printable
from nas.report.axes import accuracy_limits, size_limits, size_ticks
from nas.report.costs import PARAMS
from nas.report.page.data import PageData
from nas.report.page.html import Column, listed, table, text, trial_button
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.section import Figure, Section
from nas.report.page.words import percent
from nas.report.retrained import Contest, Standing
from nas.retraining import Protocol

_OWN: Final = "trials of the search"
_KNOWN: Final = "known networks"


def retrained_section(data: PageData) -> Section | None:
    """Return what retraining says, None where nothing was retrained."""
    if not data.contests:
        return None
    html, figures = [], []
    for place, (protocol, found) in enumerate(data.contests.items(), 1):
        html.append(f"<h3>{text(_title(protocol, found))}</h3>\n")
        html.append(_table(found))
        html.append(listed(found.lines()))
        if any(standing.spread is not None for standing in found.standings):
            figures.append(
                _figure(found, f"retrained-{place}", _title(protocol, found))
            )
    return Section(
        anchor="retrained",
        title="Retrained and tested",
        html="".join(html),
        figures=tuple(figures),
    )


def _title(protocol: Protocol, found: Contest) -> str:
    epochs = (
        "the recipe's epochs"
        if protocol.epochs is None
        else counted(protocol.epochs, "epoch")
    )
    images = ", validation images trained on" if protocol.use_validation else ""
    tested = counted(found.images, "test image")
    return f"{epochs[0].upper()}{epochs[1:]}{images}; {tested}"


def _table(found: Contest) -> str:
    columns = [
        Column(title="network"),
        Column(title="parameters", number=True),
        Column(title="in the search", number=True),
        Column(title=f"test {found.kind}", number=True),
        Column(title="95 % interval", number=True),
        Column(title="seeds", number=True),
        Column(title="not told from"),
    ]
    rows = [list(_row(standing)) for standing in found.standings]
    return table(columns, rows, caption=f"Test {found.kind} of retrained networks")


def _row(standing: Standing) -> Iterator[str]:
    entrant, reached = standing.entrant, standing.spread
    name = text(entrant.name)
    if entrant.trial is not None:
        name = f"trial {trial_button(entrant.trial)}"
    yield name + (" <small>on the front of these</small>" if standing.on_front else "")
    yield f"{entrant.params:,}"
    yield "" if entrant.searched is None else percent(entrant.searched)
    yield "" if reached is None else f"<strong>{percent(reached.mean)}</strong>"
    if reached is None or reached.low is None or reached.high is None:
        yield ""
    else:
        yield f"{100 * reached.low:.2f} to {100 * reached.high:.2f}"
    lost = f", {entrant.failed} failed" if entrant.failed else ""
    yield f"{len(entrant.reached)}{lost}"
    yield text(", ".join(standing.alike)) or "&ndash;"


def _figure(found: Contest, name: str, title: str) -> Figure:
    shown = [s for s in found.standings if s.spread is not None]
    low, high = size_limits([s.entrant.params for s in shown], None)
    means = [s.spread.mean for s in shown if s.spread is not None]
    bottom, top = accuracy_limits(means, min(means))
    ticks = size_ticks(low, high)
    traces = [
        _trace([s for s in shown if s.entrant.trial is not None], _OWN, "var(--ink)"),
        _trace([s for s in shown if s.entrant.trial is None], _KNOWN, "var(--muted)"),
    ]
    best = max(shown, key=lambda s: s.spread.mean if s.spread else 0.0)
    assert best.spread is not None
    return Figure(
        name=name,
        data=[trace for trace in traces if trace["x"]],
        layout={
            "hovermode": "closest",
            "xaxis": {
                "type": "log",
                "range": [log10(low), log10(high)],
                "title": {"text": PARAMS.label},
                "tickvals": ticks,
                "ticktext": [PARAMS.tick(tick) for tick in ticks],
                "tickangle": 0,
            },
            "yaxis": {
                "range": [bottom, top],
                "title": {"text": f"test {found.kind}"},
                "tickformat": ".4~p",
            },
            "legend": LEGEND,
            "margin": MARGIN,
        },
        words=(
            f"Test {found.kind} against parameters, with 95 % intervals over seeds. "
            f"{title}. The most accurate is {best.entrant.name} with "
            f"{percent(best.spread.mean)}."
        ),
    )


def _trace(standings: list[Standing], name: str, colour: str) -> dict[str, Any]:
    spreads = [s.spread for s in standings if s.spread is not None]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [s.entrant.params for s in standings],
        "y": [found.mean for found in spreads],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [0 if s.high is None else s.high - s.mean for s in spreads],
            "arrayminus": [0 if s.low is None else s.mean - s.low for s in spreads],
            "color": colour,
            "thickness": 1.4,
            "width": 5,
        },
        "marker": {
            "symbol": "circle" if name == _OWN else "diamond",
            "color": colour,
            "size": 11,
            "line": {"color": "var(--ground)", "width": 1.5},
        },
    }
    if name == _OWN:
        trials = [s.entrant.trial for s in standings]
        return trace | {"customdata": trials, "hoverinfo": "none"}
    labels = [
        f"{_plain(s.entrant.name)}<br>{percent(found.mean)}<br>"
        f"{s.entrant.params:,} parameters"
        for s, found in zip(standings, spreads, strict=True)
    ]
    return trace | {"text": labels, "hoverinfo": "text"}


def _plain(name: str) -> str:
    """Return a name that plotly takes for no markup."""
    return printable(name).replace("&", "&amp;").replace("<", "&lt;")
