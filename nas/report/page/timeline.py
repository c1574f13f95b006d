"""The timeline: when each trial was trained, on what, and what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nas.errors import counted
from nas.records import TrialRecord
from nas.report.page.data import PageData
from nas.report.page.html import paragraphs
from nas.report.page.layout import LEGEND, MARGIN
from nas.report.page.marks import BLUE, GREY, PINK, RED
from nas.report.page.section import Figure, Section
from nas.report.page.spans import Course, Span, course_of
from nas.report.page.text import in_figure, time_unit
from nas.report.page.words import duration

_MOST_BARS: Final = 800
"""Of more trials none would be seen for itself: they are counted over time."""

_BINS: Final = 60
_LANE_PIXELS: Final = 34
_MOST_LANES: Final = 24
"""More of them than these share the height that so many have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A kind of trial: its name in the legend and its looks."""

    name: str
    colour: str
    pattern: str
    symbol: str


_KINDS: Final = (
    _Kind(name="complete in the search", colour=BLUE, pattern="", symbol="circle"),
    _Kind(
        name="complete in random search", colour=PINK, pattern=".", symbol="circle-open"
    ),
    _Kind(name="stopped early", colour=GREY, pattern="/", symbol="triangle-down"),
    _Kind(name="failed", colour=RED, pattern="x", symbol="x"),
)


def timeline_section(data: PageData) -> Section | None:
    """Return when trials were trained; None without one whose end is known."""
    course = course_of(data.summary.records)
    if not course.spans:
        return None
    unit, length = time_unit(course.seconds)
    few = len(course.spans) <= _MOST_BARS
    traces = _bars(course, length) if few else _counts(course, length)
    words = _words(course)
    figure = Figure(
        name="timeline",
        data=traces,
        layout=_layout(course, unit, length) if few else _counts_layout(course, unit),
        words=words,
        height=150 + _LANE_PIXELS * min(len(course.lanes), _MOST_LANES) if few else 320,
    )
    return Section(
        anchor="timeline",
        title="Timeline of trials",
        html=paragraphs(_notes(course, few=few)),
        figures=(figure,),
    )


def _kind(record: TrialRecord) -> _Kind:
    complete, random, stopped, failed = _KINDS
    if record.status == "failed":
        return failed
    if record.status == "stopped":
        return stopped
    return random if record.arm == "random" else complete


def _by_kind(spans: Iterable[Span]) -> list[tuple[_Kind, list[Span]]]:
    found: dict[str, list[Span]] = {kind.name: [] for kind in _KINDS}
    for span in spans:
        found[_kind(span.record).name].append(span)
    return [(kind, found[kind.name]) for kind in _KINDS if found[kind.name]]


def _bars(course: Course, length: int) -> list[Mapping[str, Any]]:
    """Return a trace of bars for each kind, with points for what has no length."""
    traces: list[Mapping[str, Any]] = []
    # Neighbours in a lane take turns, or they would look like one.
    turn, seen = {}, [0] * len(course.lanes)
    for span in course.spans:
        turn[span.record.trial] = seen[span.lane] % 2
        seen[span.lane] += 1
    for kind, spans in _by_kind(course.spans):
        dots = [s for s in spans if s.parts > 1 or s.record.status == "failed"]
        bars = [span for span in spans if span.parts == 1]
        shared = {"name": kind.name, "legendgroup": kind.name, "hoverinfo": "none"}
        if bars:
            traces.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "base": [_short(span.begin / length) for span in bars],
                    "x": [_short((span.end - span.begin) / length) for span in bars],
                    "y": [span.lane for span in bars],
                    "width": 0.7,
                    "marker": {
                        "color": kind.colour,
                        "opacity": [1 - turn[s.record.trial] / 3 for s in bars],
                        "line": {"color": kind.colour, "width": 0.5},
                        "pattern": {"shape": kind.pattern, "size": 5},
                    },
                    "customdata": [span.record.trial for span in bars],
                    **shared,
                }
            )
        if dots:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [_short(span.end / length) for span in dots],
                    "y": [span.lane for span in dots],
                    "marker": {
                        "symbol": kind.symbol,
                        "color": kind.colour,
                        "size": 9,
                        "line": {"color": kind.colour, "width": 1.5},
                    },
                    "customdata": [span.record.trial for span in dots],
                    **shared,
                    "showlegend": not bars,
                }
            )
    again = [span for span in course.spans if span.record.attempts > 1]
    if again:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "trained again after a failure",
                "x": [_short(span.begin / length) for span in again],
                "y": [span.lane - 0.45 for span in again],
                "marker": {"symbol": "triangle-down", "color": GREY, "size": 9},
                "hoverinfo": "none",
                "customdata": [span.record.trial for span in again],
            }
        )
    return traces


def _layout(course: Course, unit: str, length: int) -> dict[str, Any]:
    lanes = course.lanes
    # Where each lane has no room for its name, one name stands for a device's lanes.
    ticks = [
        i
        for i, lane in enumerate(lanes)
        if len(lanes) <= _MOST_LANES or i == 0 or lanes[i - 1] != lane
    ]
    return {
        "barmode": "overlay",
        "xaxis": {"title": {"text": f"{unit} since the first trial began"}},
        "yaxis": {
            "tickvals": ticks,
            "ticktext": [_lane(lanes[i]) for i in ticks],
            "range": [len(lanes) - 0.4, -0.7],
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        "hovermode": "closest",
        "legend": LEGEND,
        "margin": MARGIN,
        "shapes": [
            {
                "type": "line",
                "x0": _short(gap.at / length),
                "x1": _short(gap.at / length),
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"dash": "dot", "width": 2, "color": GREY},
            }
            for gap in course.gaps
        ],
    }


def _lane(lane: tuple[str, bool]) -> str:
    device, in_parts = lane
    name = in_figure(device, 20) or "no device"
    return f"{name}, in parts" if in_parts else name


def _counts(course: Course, length: int) -> list[Mapping[str, Any]]:
    """Return how many trials ended in each stretch of time, a trace for each kind."""
    width = (course.seconds or 1.0) / _BINS
    traces: list[Mapping[str, Any]] = []
    for kind, spans in _by_kind(course.spans):
        counts = [0] * _BINS
        for span in spans:
            counts[min(int(span.end / width), _BINS - 1)] += 1
        traces.append(
            {
                "type": "bar",
                "name": kind.name,
                "x": [_short((i + 0.5) * width / length) for i in range(_BINS)],
                "y": counts,
                "width": _short(width / length),
                "marker": {
                    "color": kind.colour,
                    "line": {"color": kind.colour, "width": 0.5},
                    "pattern": {"shape": kind.pattern, "size": 5},
                },
                "hovertemplate": f"%{{y}} {kind.name}<extra></extra>",
            }
        )
    return traces


def _counts_layout(course: Course, unit: str) -> dict[str, Any]:
    width = (course.seconds or 1.0) / _BINS
    return {
        "barmode": "stack",
        "xaxis": {"title": {"text": f"{unit} since the first trial began"}},
        "yaxis": {
            "title": {"text": f"trials that ended in {duration(width)}"},
            "fixedrange": True,
        },
        "hovermode": "x unified",
        "legend": LEGEND,
        "margin": MARGIN,
    }


def _words(course: Course) -> str:
    spans = course.spans
    kinds = {kind.name: len(own) for kind, own in _by_kind(spans)}
    counts = ", ".join(f"{count:,} {name}" for name, count in kinds.items())
    said = f"{counted(len(spans), 'trial')} in {duration(course.seconds)}: {counts}."
    lanes = sum(not in_parts for _, in_parts in course.lanes)
    if course.seconds and lanes == len(course.lanes):
        at_once = sum(span.end - span.begin for span in spans) / course.seconds
        if lanes == 1:
            part = 100 * min(1.0, at_once)
            said += f" One network at a time was in training, {part:.0f} % of the time."
        else:
            said += (
                f" Up to {lanes} networks at a time were in training, {at_once:.1f} on "
                "average."
            )
    return said


def _notes(course: Course, *, few: bool) -> Iterable[str]:
    if few:
        yield (
            "A bar is a training, from its beginning to its end, in the lane of "
            "something that trained one network at a time. Ends are known to the "
            "second."
        )
    if any(in_parts for _, in_parts in course.lanes):
        yield (
            "Trials that paused and went on have a mark where they ended: of their "
            "parts only the time that these took together is known."
        )
    if again := sum(span.record.attempts > 1 for span in course.spans):
        yield (
            f"{counted(again, 'trial')} took more than one attempt, of which the last "
            "is shown."
        )
    if course.gaps:
        left_out = sum(gap.seconds for gap in course.gaps)
        lines = "line" if len(course.gaps) == 1 else "lines"
        yield (
            f"Left out{f', at the dotted {lines}' if few else ''}: "
            f"{counted(len(course.gaps), 'time')} without any training, "
            f"{duration(left_out)} in all."
        )
    if course.undated:
        yield f"Left out: {counted(course.undated, 'trial')} of unknown time."


def _short(value: float) -> float:
    return float(f"{value:.6g}")
