"""What TensorBoard itself makes of the event files."""

import json
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from hparams_table import hparams_table
from PIL import Image, ImageColor
from shown_events import Shown
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2
from tiny import architecture

from nas.arch import Architecture, from_json
from nas.drawing.palette import AGGREGATION_COLOURS
from nas.nn.cost import Cost
from nas.records import Recipe
from nas.train.events import Events
from nas.train.module import Metrics

RECIPE = Recipe()
COST = Cost(params=1, macs=2)


def metrics(epoch: int) -> Metrics:
    return Metrics(
        epoch=epoch,
        train_loss=4.0 - epoch,
        train_accuracy=0.25 * epoch,
        validation_loss=3.0 - epoch,
        validation_accuracy=0.5 * epoch,
        validation_balanced_accuracy=0.125 * epoch,
        lr=1.0 + epoch,
        seconds=2.0 + epoch,
        images_per_second=100.0 * epoch,
    )


def test_curves_have_a_point_an_epoch(tmp_path: Path) -> None:
    with Events(str(tmp_path)) as events:
        for epoch in range(3):
            events.epoch(metrics(epoch))
    accumulator = EventAccumulator(str(tmp_path)).Reload()
    curves = {
        tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }
    assert curves == {
        "train/loss": [(0, 4.0), (1, 3.0), (2, 2.0)],
        "train/accuracy": [(0, 0.0), (1, 0.25), (2, 0.5)],
        "validation/loss": [(0, 3.0), (1, 2.0), (2, 1.0)],
        "validation/accuracy": [(0, 0.0), (1, 0.5), (2, 1.0)],
        "validation/balanced_accuracy": [(0, 0.0), (1, 0.125), (2, 0.25)],
        "lr": [(0, 1.0), (1, 2.0), (2, 3.0)],
        "time/seconds_per_epoch": [(0, 2.0), (1, 3.0), (2, 4.0)],
        "time/images_per_second": [(0, 0.0), (1, 100.0), (2, 200.0)],
    }


def test_a_training_that_began_anew_takes_the_place_of_the_first(
    tmp_path: Path,
) -> None:
    for epochs in (3, 2):
        with Events(str(tmp_path)) as events:
            for epoch in range(epochs):
                events.epoch(metrics(epoch))
    accumulator = EventAccumulator(str(tmp_path)).Reload()
    steps = [event.step for event in accumulator.Scalars("train/loss")]
    assert steps == [0, 1]


def test_the_architecture_is_there_as_a_table_as_json_and_as_a_picture(
    tmp_path: Path,
) -> None:
    spec = architecture(width=12)
    with Events(str(tmp_path)) as events:
        begin(events, spec)
    shown = Shown(tmp_path)
    fenced = shown.text("architecture/json").removeprefix("```json\n")
    assert from_json(json.loads(fenced.removesuffix("\n```"))) == spec
    table = shown.text("architecture/blocks")
    assert "| block 1 | sum of 1 x basic 3x3" in table
    assert "| 4 → 12 |" in table
    (drawn,) = shown.pictures("architecture").values()
    with Image.open(BytesIO(drawn)) as picture:
        picture.load()
        assert picture.width == 480
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 16)}
    assert ImageColor.getrgb(AGGREGATION_COLOURS["sum"]) in colours
    assert len(drawn) < 60_000


def test_without_pictures_there_is_the_rest(tmp_path: Path, monkeypatch) -> None:
    def broken(_: object) -> bytes:
        raise RuntimeError("no ink\nat all")

    monkeypatch.setattr("nas.train.events.png", broken)
    told: list[str] = []
    folder = tmp_path / "trial"
    with Events(str(folder), 0, told.append) as events:
        begin(events, architecture(depth=1))
        events.epoch(metrics(1))
        events.outcome(0.5)
    why = "RuntimeError: no ink"
    assert told == [f"no pictures of architectures in TensorBoard: {why}"]
    assert Shown(folder).pictures("architecture") == {}
    assert Shown(folder).values("train/loss") == [3.0]
    (row,) = hparams_table(tmp_path)[1]
    assert row["hparam/accuracy"] == 0.5


def test_the_hparams_table_has_the_genes_of_all_trials(tmp_path: Path) -> None:
    for trial, genes in enumerate(({"depth": 2, "unit": "basic"}, {"growth": 8})):
        with Events(str(tmp_path / str(trial))) as events:
            cost = Cost(params=100 + trial, macs=1000)
            begin(events, architecture(**genes), Recipe(epochs=9), cost)
            events.outcome(0.5)
    assert all(len(list(run.iterdir())) == 1 for run in tmp_path.iterdir())

    columns, rows = hparams_table(tmp_path)
    assert {"depth", "unit", "growth", "recipe/epochs", "recipe/lr"} <= set(columns)
    assert [row["hparam/params"] for row in rows] == [100, 101]
    assert [row["hparam/macs"] for row in rows] == [1000, 1000]
    assert [row["hparam/accuracy"] for row in rows] == [0.5, 0.5]
    assert [row.get("depth") for row in rows] == [2, None]
    assert [row.get("unit") for row in rows] == ["basic", None]
    assert [row.get("growth") for row in rows] == [None, 8]
    assert [row["recipe/epochs"] for row in rows] == [9, 9]
    assert [row["recipe/flip"] for row in rows] == [False, False]


def test_a_recipe_s_genes_are_in_the_columns_of_the_recipe(tmp_path: Path) -> None:
    for trial, lr in enumerate((0.1, 0.3)):
        with Events(str(tmp_path / str(trial))) as events:
            spec = architecture(**{"depth": 2, "recipe.lr": lr})
            recipe = Recipe().with_genes(spec.genes)
            begin(events, spec, recipe, Cost(params=100 + trial, macs=1))
            events.outcome(0.5)
    columns, rows = hparams_table(tmp_path)
    assert [row["recipe/lr"] for row in rows] == [0.1, 0.3]
    assert "depth" in columns
    assert "recipe.lr" not in columns


def test_trainings_of_one_row_show_their_mean(tmp_path: Path) -> None:
    for number, accuracy in enumerate((0.25, 0.75)):
        with Events(str(tmp_path / str(number))) as events:
            begin(events, architecture(depth=1), row="retrain/tree")
            events.outcome(accuracy, "test_accuracy")
    (row,) = hparams_table(tmp_path)[1]
    assert row["hparam/test_accuracy"] == 0.5
    assert row["name"] == "retrain/tree"


def test_a_training_that_failed_or_was_stopped_is_no_success(tmp_path: Path) -> None:
    with suppress(ArithmeticError), Events(str(tmp_path / "failed")) as events:
        begin(events, architecture(depth=1))
        raise ArithmeticError
    with Events(str(tmp_path / "stopped")) as events:
        begin(events, architecture(depth=1))
    for status, expected in (
        (api_pb2.STATUS_SUCCESS, []),
        (api_pb2.STATUS_FAILURE, ["failed"]),
        (api_pb2.STATUS_UNKNOWN, ["stopped"]),
    ):
        _, rows = hparams_table(tmp_path, status)
        assert [row["name"] for row in rows] == expected


def begin(
    events: Events,
    spec: Architecture,
    recipe: Recipe = RECIPE,
    cost: Cost = COST,
    row: str = "",
) -> None:
    events.begin(spec, recipe, cost, row)
