"""What TensorBoard's table of trainings, HParams, is made of.

A training is a row, whose genes are told when it begins and whose status when it ends;
all columns are told once, for the whole run.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import (
    DATA_TYPE_BOOL,
    DATA_TYPE_FLOAT64,
    DATA_TYPE_STRING,
    STATUS_FAILURE,
    STATUS_SUCCESS,
    Experiment,
    HParamInfo,
    MetricInfo,
    MetricName,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)

from nas.arch import Gene
from nas.records import RECIPE_GENES, Recipe, recipe_to_json

METRICS: Final = {
    "accuracy": "accuracy",
    "params": "parameters",
    "macs": "MACs",
    "latency_ms": "latency (ms)",
    "test_accuracy": "test accuracy",
}
"""Columns of results, as they are called in event files and in the table."""

_TYPES: Final = {bool: DATA_TYPE_BOOL, str: DATA_TYPE_STRING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A choice that trainings make: out of ``values``, or else a number.

    That is one from ``ends[0]`` to ``ends[1]``, if they are known. Columns that come
    ``first`` are shown at once, up to five of them.
    """

    name: str
    values: tuple[Gene, ...] = ()
    ends: tuple[float, float] | None = None
    first: bool = False


def metric_tag(name: str) -> str:
    """Return the tag of the curve whose last point is in a column of ``METRICS``."""
    assert name in METRICS
    return f"hparam/{name}"


def choices(genes: Mapping[str, Gene] | None, recipe: Recipe) -> dict[str, Gene]:
    """Return what a row says about a training; what is not in use is not in there."""
    return {
        **{k: v for k, v in (genes or {}).items() if not k.startswith(RECIPE_GENES)},
        **{f"recipe/{k}": v for k, v in recipe_to_json(recipe).items()},
    }


def begun(chosen: Mapping[str, Gene], row: str) -> Summary:
    """Return the event that begins a row.

    Args:
        chosen: by the names of the columns.
        row: its name; of trainings that share one it shows the mean. Empty for the name
            that TensorBoard has for the training.
    """
    start = SessionStartInfo(group_name=row, start_time_secs=time.time())
    for name, value in chosen.items():
        if isinstance(value, bool):  # which is a number, too
            start.hparams[name].bool_value = value
        elif isinstance(value, str):
            start.hparams[name].string_value = value
        else:
            start.hparams[name].number_value = value
    data = HParamsPluginData(session_start_info=start)
    return _event(metadata.SESSION_START_INFO_TAG, data)


def ended(status: Literal["complete", "failed"]) -> Summary:
    """Return the event that tells how a training ended; only the first one counts."""
    known = {"complete": STATUS_SUCCESS, "failed": STATUS_FAILURE}
    end = SessionEndInfo(status=known[status], end_time_secs=time.time())
    data = HParamsPluginData(session_end_info=end)
    return _event(metadata.SESSION_END_INFO_TAG, data)


def columns(chosen: Sequence[Column], metrics: Sequence[str]) -> Summary:
    """Return the event that tells the columns of all rows; one is enough for a run.

    TensorBoard shows no others. It sorts them by their names, but for those that come
    first.
    """
    experiment = Experiment(
        hparam_infos=[_info(column) for column in chosen],
        metric_infos=[
            MetricInfo(name=MetricName(tag=metric_tag(name)), display_name=shown)
            for name, shown in METRICS.items()
            if name in metrics
        ],
    )
    return _event(metadata.EXPERIMENT_TAG, HParamsPluginData(experiment=experiment))


def _info(column: Column) -> HParamInfo:
    info = HParamInfo(name=column.name, type=DATA_TYPE_FLOAT64, differs=column.first)
    if column.ends is not None:
        interval = info.domain_interval
        interval.min_value, interval.max_value = column.ends
        return info
    kinds = {type(value) for value in column.values}
    if not kinds <= {int, float}:
        info.type = _TYPES[kinds.pop()] if len(kinds) == 1 else DATA_TYPE_STRING
    info.domain_discrete.extend(
        str(v) if info.type == DATA_TYPE_STRING else v for v in column.values
    )
    return info


def _event(tag: str, data: HParamsPluginData) -> Summary:
    value = Summary.Value(
        tag=tag,
        metadata=metadata.create_summary_metadata(data),
        tensor=metadata.NULL_TENSOR,
    )
    return Summary(value=[value])
