"""The picture of a search: every trial as a faint dot, the front as a step line."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from nas.drawing.human import compact
from nas.drawing.palette import AGGREGATION_COLOURS
from nas.errors import printable
from nas.records import TrialRecord
from nas.report.axes import accuracy_limits, size_limits, size_ticks
from nas.report.costs import PARAMS, SIZE, CostAxis
from nas.report.front import is_compared, pareto_front
from nas.report.labels import place_labels
from nas.report.stops import stopped
from nas.report.tables import short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Markers tell aggregations apart where colours do not.
_STYLES: Final = {
    "sum": ("o", AGGREGATION_COLOURS["sum"]),
    "concat": ("s", AGGREGATION_COLOURS["concat"]),
    "tree": ("^", AGGREGATION_COLOURS["hierarchical"]),
    "chain": ("v", AGGREGATION_COLOURS["chain"]),
    "custom": ("P", AGGREGATION_COLOURS["custom"]),
    "mixed": ("D", "#CC79A7"),
}
_LEGEND: Final = {
    name: name if name == "mixed" else f"mostly {name}" for name in _STYLES
}
_INK: Final = "#222222"
_GREY: Final = "#666666"
_DASHED: Final = (0, (4, 2))


def draw_front(
    records: Sequence[TrialRecord],
    path: Path | BinaryIO,
    *,
    title: str,
    max_params: int | None = None,
    costs: Sequence[CostAxis] = SIZE,
    cost: CostAxis = PARAMS,
    dpi: int = 200,
) -> None:
    """Draw accuracy against a cost as a PNG, by default of 1500 x 1000 pixels.

    A dot's shape and colour stand for the aggregation that most blocks of the trial
    use; trials far below the front are marked on the lower edge. Random search beside
    the search has a dashed front of its own. The line is the front in accuracy and this
    cost; trials that are on the front in all costs, and not here, lie below it.

    Args:
        records: all trials.
        path: of the file, or an open one.
        title: stands over the picture.
        max_params: the budget, which is drawn where the cost is size.
        costs: of the search.
        cost: which of them to draw.
        dpi: pixels an inch of a picture of 7.5 x 5 inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(7.5, 5.0), dpi=dpi, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _title(axes, title, records)
    complete = [record for record in records if is_compared(record, costs)]
    if complete:
        front, line = pareto_front(complete, costs), pareto_front(complete, (cost,))
        scale(axes, cost, complete, front, max_params if cost == PARAMS else None)
        _trials(axes, cost, complete, front)
        _out_of_sight(axes, cost, complete)
        random = [record for record in complete if record.arm == "random"]
        searched = [record for record in complete if record.arm != "random"]
        if random and searched:
            beside, line = (pareto_front(arm, (cost,)) for arm in (random, searched))
            _front(axes, cost, beside, color=_GREY, linestyle=_DASHED)
        _front(axes, cost, line, color=_INK)
        _legend(figure, complete, with_random=bool(random and searched))
        figure.draw_without_rendering()  # the layout is final before labels seek room
        from_best = sorted(front, key=lambda r: (-_accuracy(r), _value(r, cost)))
        place_labels(axes, [(str(r.trial), _point(r, cost)) for r in from_best])
    else:
        _nothing(axes)
    figure.savefig(path, format="png")


def dominant_aggregation(record: TrialRecord) -> str:
    """Return the aggregation that most blocks use, or 'mixed' where several do."""
    names = map(short_name, record.aggregations)
    known = (name if name in _STYLES else "custom" for name in names)
    (name, most), *others = Counter(known).most_common()
    return "mixed" if others and others[0][1] == most else name


def _title(axes: "Axes", title: str, records: Sequence[TrialRecord]) -> None:
    failed = sum(record.status == "failed" for record in records)
    count = f"{len(records):,} trial{'' if len(records) == 1 else 's'}"
    count += f", {failed:,} failed" if failed else ""
    early = sum(stopped(records).values())
    count += f", {early:,} stopped early" if early else ""
    # A dollar sign in a name is no formula.
    plain = printable(title).replace("\n", r"\n").replace("$", r"\$")
    axes.set_title(plain, loc="left", fontsize=11, color=_INK, pad=20, wrap=True)
    _above(axes, count, 0.0, "left")


def _above(axes: "Axes", text: str, x: float, align: str) -> None:
    axes.annotate(
        text,
        xy=(x, 1),
        xycoords="axes fraction",
        xytext=(0, 6),
        textcoords="offset points",
        ha=align,
        fontsize=8.5,
        color=_GREY,
    )


def scale(
    axes: "Axes",
    cost: CostAxis,
    complete: Sequence[TrialRecord],
    front: Sequence[TrialRecord],
    max_params: int | None,
) -> None:
    """Have axes show accuracy against a cost, the front with some room around it."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    low, high = size_limits([_value(record, cost) for record in complete], max_params)
    ticks = size_ticks(low / cost.finest, high / cost.finest)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator([n * cost.finest for n in ticks]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: cost.tick(value)))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.set_xlabel(cost.label)
    worst = min(map(_accuracy, front))
    floor, top = accuracy_limits([_accuracy(r) for r in complete], worst)
    axes.set_ylim(floor, top)
    axes.set_yticks(
        [tick for tick in axes.get_yticks() if floor <= tick <= min(1, top)]
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda part, _: f"{100 * part:.6g}%"))
    axes.set_ylabel("validation accuracy")
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if max_params is not None and max_params <= high:
        axes.axvline(max_params, color=_GREY, linewidth=1, linestyle=(0, (4, 3)))
        at = axes.transLimits.transform(axes.transScale.transform((max_params, 0)))[0]
        _above(axes, f"budget {compact(max_params)}", float(at), "center")
    elif max_params is not None:
        _above(axes, f"budget {compact(max_params)} \N{RIGHTWARDS ARROW}", 1.0, "right")


def _trials(
    axes: "Axes",
    cost: CostAxis,
    complete: Sequence[TrialRecord],
    front: Sequence[TrialRecord],
) -> None:
    ahead = {record.trial for record in front}
    faint = 0.35 if len(complete) <= 500 else 0.12
    alike: dict[str, list[TrialRecord]] = {name: [] for name in _STYLES}
    for record in complete:
        alike[dominant_aggregation(record)].append(record)
    for name, (marker, color) in _STYLES.items():
        dots = [_point(r, cost) for r in alike[name] if r.trial not in ahead]
        kept = [_point(r, cost) for r in alike[name] if r.trial in ahead]
        style = {"marker": marker, "color": color}
        _scatter(axes, dots, s=16, alpha=faint, linewidths=0, zorder=2, **style)
        _scatter(axes, kept, s=42, edgecolors="white", zorder=4, **style)


def _out_of_sight(
    axes: "Axes", cost: CostAxis, complete: Sequence[TrialRecord]
) -> None:
    floor = axes.get_ylim()[0]
    below = [_value(record, cost) for record in complete if _accuracy(record) < floor]
    if not below:
        return
    edge = axes.get_xaxis_transform()
    _scatter(
        axes,
        [(value, 0.012) for value in below],
        marker="v",
        s=12,
        color=_GREY,
        alpha=0.5,
        linewidths=0,
        transform=edge,
    )
    axes.annotate(
        f"{len(below):,} further below",
        xy=(0.01, 0.025),
        xycoords="axes fraction",
        ha="left",
        va="bottom",
        fontsize=8,
        color=_GREY,
    )


def _scatter(axes: "Axes", points: Sequence[tuple[float, float]], **style: Any) -> None:
    if points:
        axes.scatter(*zip(*points, strict=True), **style)


def _front(
    axes: "Axes", cost: CostAxis, front: Sequence[TrialRecord], **style: Any
) -> None:
    spent, accuracies = zip(*(_point(r, cost) for r in front), strict=True)
    # The best stays the best for whoever may spend more: the last step runs on.
    axes.step(
        [*spent, axes.get_xlim()[1]],
        [*accuracies, accuracies[-1]],
        where="post",
        linewidth=1.2,
        zorder=3,
        **style,
    )


def _legend(
    figure: "Figure", complete: Sequence[TrialRecord], *, with_random: bool
) -> None:
    from matplotlib.lines import Line2D

    used = {dominant_aggregation(record) for record in complete}
    label = "front of the search" if with_random else "front, trial numbers"
    handles = [Line2D([], [], color=_INK, linewidth=1.2, label=label)]
    if with_random:
        style: Any = {"color": _GREY, "linewidth": 1.2, "linestyle": _DASHED}
        handles.append(Line2D([], [], label="of random search", **style))
    handles += [
        Line2D([], [], marker=marker, color=color, linestyle="", label=_LEGEND[name])
        for name, (marker, color) in _STYLES.items()
        if name in used
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles) if len(handles) < 6 else 4,
        frameon=False,
        fontsize=8.5,
        handletextpad=0.4,
    )


def _nothing(axes: "Axes") -> None:
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        "no trial is complete yet, so there is no front",
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=_GREY,
    )


def _point(record: TrialRecord, cost: CostAxis) -> tuple[float, float]:
    return _value(record, cost), _accuracy(record)


def _value(record: TrialRecord, cost: CostAxis) -> float:
    value = cost.of(record)
    assert value is not None, "only trials with this cost are drawn"
    return value


def _accuracy(record: TrialRecord) -> float:
    assert record.accuracy is not None, "only complete trials are drawn"
    return record.accuracy
