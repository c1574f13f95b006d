import json
import random
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from trial_records import SMALL, complete, failed

from nas.arch import (
    Basic,
    Block,
    Chain,
    Concat,
    CustomAggregation,
    Hierarchical,
    Plugin,
    Sum,
    to_json,
)
from nas.records import TrialRecord
from nas.report.figure import dominant_aggregation, draw_front
from nas.report.labels import place_labels

PLUGIN = Plugin(file="mine.py", sha256="0", path=Path("mine.py"))
CUSTOM = [CustomAggregation(name=name, plugin=PLUGIN) for name in ("Gate", "Mix")]


def of(*aggregations):
    blocks = tuple(
        Block(aggregation=aggregation, unit=Basic(), depth=2, width=8)
        for aggregation in aggregations
    )
    return replace(SMALL, blocks=blocks)


def distinct_bytes(png: bytes) -> int:
    """How many of the 256 values a byte of the picture may have do occur."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (1500, 1000)
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    return len(set(zlib.decompress(data)))


def random_trials(number):
    rng = random.Random(0)
    kinds = [Sum(), Concat(growth=4), Hierarchical(), Chain(), CUSTOM[0]]
    return [
        complete(
            i,
            rng.randrange(1000, 30_000),
            rng.random(),
            architecture=of(*rng.choices(kinds, k=3)),
        )
        for i in range(number)
    ]


@pytest.mark.parametrize(
    "records",
    [
        [],
        [failed(0), failed(1)],
        [complete(0, 5, 0.0)],
        [complete(0, 30_000, 1.0), failed(1)],
        [complete(0, 100, float("nan")), complete(1, 100, 0.5)],
        random_trials(40),
    ],
    ids=["none", "failed", "worst", "perfect", "nan", "many"],
)
def test_every_outcome_has_a_picture(records, tmp_path, recwarn):
    path = tmp_path / "front.png"
    draw_front(records, path, title=r"a $\x$ set, 10% of_it", max_params=30_000)
    assert distinct_bytes(path.read_bytes()) > 20
    assert [str(warning.message) for warning in recwarn] == []


def test_picture_is_the_same_each_time(tmp_path):
    records = random_trials(20)
    for name in ("a.png", "b.png"):
        draw_front(records, tmp_path / name, title="digits")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("aggregations", "name"),
    [
        ([Sum()], "sum"),
        ([Sum(), Sum(), Hierarchical()], "sum"),
        ([Concat(growth=2), Concat(growth=4), Sum()], "concat"),
        ([Hierarchical(), Hierarchical(residual_root=True)], "tree"),
        ([Chain(), Sum(), Chain()], "chain"),
        ([CUSTOM[0], CUSTOM[1], Sum()], "custom"),
        ([Sum(), Hierarchical()], "mixed"),
        ([Sum(), Concat(growth=2), Hierarchical()], "mixed"),
    ],
)
def test_dominant_aggregation_is_what_most_blocks_use(aggregations, name):
    record = complete(0, 500, 0.9, architecture=of(*aggregations))
    assert dominant_aggregation(record) == name
    # One that was read from a run says the same, and decodes nothing for it.
    text = json.dumps(to_json(record.architecture))
    stored = TrialRecord.stored(record.facts(), record.hash, text)
    assert dominant_aggregation(stored) == name
    assert stored.aggregations == record.aggregations
    assert "architecture" not in stored.__dict__


def test_labels_do_not_overlap_and_the_first_come_first():
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
    points = [(0.5 + 0.002 * i, 0.5 + 0.002 * i) for i in range(10)] + [(0.1, 0.1)]
    written = place_labels(axes, [(str(i), xy) for i, xy in enumerate(points)])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == written
    assert written[0] == "0"
    assert written[-1] == "10"
    assert 2 <= len(written) < len(points)
    for i, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:i])


def test_report_loads_no_heavy_library():
    heavy = ("torch", "lightning", "optuna", "matplotlib")
    code = f"import sys, nas.report; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
