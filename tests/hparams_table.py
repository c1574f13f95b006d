"""TensorBoard's HParams tab as its own server makes it of event files."""

from pathlib import Path

from tensorboard.backend.event_processing.data_provider import (
    MultiplexerDataProvider,
)
from tensorboard.backend.event_processing.plugin_event_multiplexer import (
    EventMultiplexer,
)
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, list_session_groups
from tensorboard.plugins.hparams.backend_context import Context

Row = dict[str, float | str | bool]


def hparams_table(
    folder: Path, status: int = api_pb2.STATUS_SUCCESS
) -> tuple[list[str], list[Row]]:
    """Return the genes' columns and the rows of one status."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(folder))
    backend = Context(TBContext(data_provider=provider, logdir=str(folder)))
    context = RequestContext()
    experiment = backend.experiment_from_metadata(
        context, "", True, backend.hparams_metadata(context, ""), []
    )
    query = api_pb2.ListSessionGroupsRequest(
        allowed_statuses=[status],
        col_params=[
            api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos
        ],
        slice_size=1000,
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
        rows.append(row | {"name": group.name})
    return (
        [info.name for info in experiment.hparam_infos],
        sorted(rows, key=lambda row: row["name"]),
    )
