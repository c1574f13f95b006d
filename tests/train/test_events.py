"""What TensorBoard itself makes of the event files."""

import json
from pathlib import Path

from tensorboard.backend.event_processing.data_provider import (
    MultiplexerDataProvider,
)
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import (
    EventMultiplexer,
)
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, list_session_groups
from tensorboard.plugins.hparams.backend_context import Context
from tiny import architecture

from nas.arch import from_json
from nas.nn.cost import Cost
from nas.records import Recipe
from nas.train.events import Events
from nas.train.module import Metrics


def metrics(epoch: int) -> Metrics:
    return Metrics(
        epoch=epoch,
        train_loss=4.0 - epoch,
        train_accuracy=0.25 * epoch,
        validation_loss=3.0 - epoch,
        validation_accuracy=0.5 * epoch,
        validation_balanced_accuracy=0.125 * epoch,
        lr=1.0 + epoch,
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


def test_the_architecture_is_there_as_json(tmp_path: Path) -> None:
    spec = architecture(width=12)
    with Events(str(tmp_path)) as events:
        events.architecture(spec)
    accumulator = EventAccumulator(str(tmp_path)).Reload()
    (event,) = accumulator.Tensors("architecture/text_summary")
    text = event.tensor_proto.string_val[0].decode()
    fenced = text.removeprefix("```json\n").removesuffix("\n```")
    assert from_json(json.loads(fenced)) == spec


def test_the_hparams_table_has_the_genes_of_all_trials(tmp_path: Path) -> None:
    for trial, genes in enumerate(({"depth": 2, "unit": "basic"}, {"growth": 8})):
        with Events(str(tmp_path / str(trial))) as events:
            spec = architecture(**genes)
            cost = Cost(params=100 + trial, macs=1000)
            events.outcome(spec, Recipe(epochs=9), cost, accuracy=0.5)
    assert all(len(list(run.iterdir())) == 1 for run in tmp_path.iterdir())

    columns, rows = hparams_table(tmp_path)
    assert {"depth", "unit", "growth", "recipe/epochs", "recipe/lr"} <= columns
    assert [row["hparam/params"] for row in rows] == [100, 101]
    assert [row["hparam/macs"] for row in rows] == [1000, 1000]
    assert [row["hparam/accuracy"] for row in rows] == [0.5, 0.5]
    assert [row.get("depth") for row in rows] == [2, None]
    assert [row.get("unit") for row in rows] == ["basic", None]
    assert [row.get("growth") for row in rows] == [None, 8]
    assert [row["recipe/epochs"] for row in rows] == [9, 9]


def test_a_recipe_s_genes_are_in_the_columns_of_the_recipe(tmp_path: Path) -> None:
    for trial, lr in enumerate((0.1, 0.3)):
        with Events(str(tmp_path / str(trial))) as events:
            spec = architecture(**{"depth": 2, "recipe.lr": lr})
            recipe = Recipe().with_genes(spec.genes)
            events.outcome(spec, recipe, Cost(params=100 + trial, macs=1), accuracy=0.5)
    columns, rows = hparams_table(tmp_path)
    assert [row["recipe/lr"] for row in rows] == [0.1, 0.3]
    assert "depth" in columns
    assert "recipe.lr" not in columns


Row = dict[str, float | str | bool]


def hparams_table(folder: Path) -> tuple[set[str], list[Row]]:
    """Return the columns and the rows of TensorBoard's HParams tab."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(folder))
    backend = Context(TBContext(data_provider=provider, logdir=str(folder)))
    context = RequestContext()
    experiment = backend.experiment_from_metadata(
        context, "", True, backend.hparams_metadata(context, ""), []
    )
    query = api_pb2.ListSessionGroupsRequest(
        allowed_statuses=[api_pb2.STATUS_SUCCESS],
        col_params=[
            api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos
        ],
        slice_size=10,
        include_metrics=True,
    )
    answer = list_session_groups.Handler(context, backend, "", query).run()
    rows = []
    for group in answer.session_groups:
        row = {
            name: getattr(value, value.WhichOneof("kind"))
            for name, value in group.hparams.items()
        }
        row |= {
            "/".join(filter(None, (metric.name.group, metric.name.tag))): metric.value
            for metric in group.metric_values
        }
        rows.append(row)
    return (
        {info.name for info in experiment.hparam_infos},
        sorted(rows, key=lambda row: row["hparam/params"]),
    )
