"""The layout of TensorBoard's page of custom scalars."""

from collections.abc import Iterable

from tensorboard.plugins.custom_scalar import layout_pb2

from nas.search.board.tags import (
    CURVE,
    HYPERVOLUME,
    HYPERVOLUME_BY_EPOCHS,
    IMPORTANCE,
)


def charts(front: Iterable[int]) -> layout_pb2.Layout:
    """Return charts that each lay several curves over each other.

    TensorBoard asks every run for every pattern, so each chart has only one.

    Args:
        front: the trials whose validation accuracy is laid over each other.
    """
    numbers = "|".join(map(str, front)) or "none"
    search = (
        _chart("hypervolume against trials", f"{HYPERVOLUME}$"),
        _chart("hypervolume against epochs", f"{HYPERVOLUME_BY_EPOCHS}$"),
        _chart("best accuracy by size against trials", "best_accuracy/"),
        _chart("importances of genes against trials", IMPORTANCE),
    )
    ahead = _chart("validation accuracy against epochs", f"{CURVE}({numbers})$")
    return layout_pb2.Layout(
        category=[
            layout_pb2.Category(title="the search", chart=search),
            layout_pb2.Category(title="the front", chart=[ahead]),
        ]
    )


def _chart(title: str, tags: str) -> layout_pb2.Chart:
    content = layout_pb2.MultilineChartContent(tag=[tags])
    return layout_pb2.Chart(title=title, multiline=content)
