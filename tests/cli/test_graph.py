"""The graph of a trial in TensorBoard, on demand."""

import shutil
from pathlib import Path

import pytest
from shown_events import Shown
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nas.cli.graph import write_graph
from nas.errors import RunError
from nas.run import Run


@pytest.fixture
def run(finished, tmp_path) -> Run:
    return Run(Path(shutil.copytree(finished, tmp_path / "copied")))


def test_it_is_added_once_to_what_the_trial_shows(run):
    folder = run.folder.trial_path(1)
    before = Shown(folder)
    for _ in range(2):
        write_graph(run, 1)
    assert len(list(folder.glob("events.out.tfevents.*"))) == 2
    graph = EventAccumulator(str(folder)).Reload().Graph()
    names = {node.name for node in graph.node}
    assert any(name.startswith("Network/Sequential[blocks]") for name in names), names
    after = Shown(folder)
    assert after.curves == before.curves
    (small,), (large,) = (
        after.pictures(tag).values() for tag in ("architecture", "architecture/large")
    )
    assert len(large) > len(small)


def test_a_trial_that_there_is_not(nas, finished):
    outcome = nas("tensorboard", finished, "--graph", "7")
    assert outcome.code == 2
    assert outcome.error.endswith("has no finished trial 7; it has 0 to 2")
    assert len(outcome.err.splitlines()) == 1


def test_a_network_that_cannot_be_traced(run, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no way\nthrough it")

    monkeypatch.setattr("torch.jit.trace", broken)
    with pytest.raises(RunError, match=r"trial 1 has no graph: .*no way") as raised:
        write_graph(run, 1)
    assert "\n" not in str(raised.value)
