"""A run's table of trials in TensorBoard: all genes, in their types, and all trials."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hparams_table import hparams_table
from made_events import write_events
from made_latency import latency
from made_run import SHAPE, architectures, make_run, record
from tensorboard.plugins.hparams import api_pb2, metadata

from nas.search import SearchConfig
from nas.search.board.board import Board
from nas.search.board.rows import all_columns
from nas.space import BoundSpace, SearchSpace

SUCCESS, FAILURE = api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE


def told(name: str, **config: Any) -> Any:
    """Return the columns of a space that is shipped."""
    options = SearchConfig(space=name, max_params=50_000, trials=1, **config)
    space = BoundSpace(
        space=SearchSpace.load(name),
        input_shape=SHAPE,
        num_classes=10,
        max_params=50_000,
        recipe=options.recipe,
    )
    (value,) = all_columns(space, options).value
    assert value.tag == metadata.EXPERIMENT_TAG
    return metadata.parse_experiment_plugin_data(value.metadata.plugin_data.content)


def test_every_gene_is_a_column_and_those_that_matter_come_first():
    infos = {info.name: info for info in told("default").hparam_infos}
    domains = BoundSpace(
        space=SearchSpace.load("default"),
        input_shape=SHAPE,
        num_classes=10,
        max_params=50_000,
    ).domains
    assert set(domains) <= set(infos)
    first = {name for name, info in infos.items() if info.differs}
    assert first == {*(f"block{n}.aggregation" for n in (1, 2, 3, 4)), "fusion"}


def test_a_column_is_of_one_type_whichever_trials_there_are():
    infos = {info.name: MessageToDict(info) for info in told("default").hparam_infos}
    assert infos["block1.aggregation"] == {
        "name": "block1.aggregation",
        "type": "DATA_TYPE_STRING",
        "differs": True,
        "domainDiscrete": ["sum", "concat", "hierarchical"],
    }
    assert infos["block1.width"] == {  # integers and others
        "name": "block1.width",
        "type": "DATA_TYPE_FLOAT64",
        "domainDiscrete": [0.75, 1.0, 1.5],
    }
    target = infos["target"]
    assert target["type"] == "DATA_TYPE_FLOAT64"
    assert target["domainInterval"]["maxValue"] == 50_000.0
    assert infos["recipe/lr"]["type"] == "DATA_TYPE_FLOAT64"
    assert infos["recipe/flip"]["type"] == "DATA_TYPE_BOOL"
    assert infos["recipe/optimizer"]["domainDiscrete"] == ["sgd", "adamw"]


def test_genes_of_the_recipe_are_in_its_columns():
    names = [info.name for info in told("joint").hparam_infos]
    assert len(names) == len(set(names))
    assert not any(name.startswith("recipe.") for name in names)
    assert {"recipe/lr", "recipe/optimizer"} <= set(names)


def test_a_search_for_latency_has_a_column_of_it():
    def shown(**config: Any) -> list[str]:
        return [info.display_name for info in told("default", **config).metric_infos]

    assert shown() == ["accuracy", "parameters", "MACs", "test accuracy"]
    found = shown(objectives=("accuracy", "latency"))
    assert found == ["accuracy", "parameters", "MACs", "latency (ms)", "test accuracy"]


def test_all_trials_are_rows_with_what_became_of_them(tmp_path: Path):
    run = make_run(tmp_path / "run")
    nets = architectures(3)
    fine = record(0, nets[0], 0.75)
    timed = type(fine)(**(vars(record(1, nets[1], 0.5)) | {"latency": latency(3.0)}))
    lost = record(2, nets[2], None)
    board = Board(run, (), {}, pytest.fail)
    for each in (fine, timed, lost):
        run.start_trial(each.trial, each.architecture)
        if each is not lost:  # whose worker has written nothing
            write_events(run, each)
        board.take(each)
    board.finish()

    columns, rows = hparams_table(run.path)
    genes = {"block1.aggregation", "block2.width", "target"}
    assert genes <= set(columns)
    assert [row["name"] for row in rows] == ["trials/00000", "trials/00001"]
    assert [row["hparam/accuracy"] for row in rows] == [0.75, 0.5]
    (failed,) = hparams_table(run.path, FAILURE)[1]
    assert failed["name"] == "trials/00002"
    assert failed["target"] == nets[2].genes["target"]
    events = list((run.trial_path(1)).glob("*tfevents*"))
    assert len(events) == 2
    assert len(list(run.trial_path(0).glob("*tfevents*"))) == 1
