"""What the guide to TensorBoard says of trials is so."""

import re
from pathlib import Path

import pytest
from made_events import write_events
from made_run import make_run
from shown_events import Shown

from nas.cli import tensorboard as nas_tensorboard

GUIDE = (Path(__file__).parents[2] / "docs" / "tensorboard.md").read_text()


def test_its_commands(nas, folder, monkeypatch):
    run = make_run(folder / "runs" / "small", [0.5, 0.25, 0.75])
    started = []

    class Process:
        def __init__(self, command, **_: object) -> None:
            started.append(command)

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(nas_tensorboard.subprocess, "Popen", Process)
    (block,) = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines():
        program, *argv = line.partition("#")[0].split()
        if "--port" in argv:  # which may be taken here
            argv[-1] = "0"
        outcome = nas(*argv)
        assert (program, outcome.code) == ("nas", 0), outcome.err
        assert "http://localhost:" in outcome.out
    assert len(started) == 3
    assert list(run.trial_path(2).glob("*tfevents*.graph"))


def test_its_tags(tmp_path):
    run = make_run(tmp_path / "run", [0.5])
    (record,) = run.records()
    write_events(run, record)
    from nas.cli.graph import write_graph
    from nas.run import Run

    write_graph(Run(run.path), 0)
    shown = Shown(run.trial_path(0))
    section = GUIDE[GUIDE.index("## Trials") : GUIDE.index("## HParams")]
    told = [
        (page, tag)
        for page, tags in pages(section)
        for tag in re.findall(r"`([^`]+)`", tags)
    ]
    curves = {tag for page, tag in told if page == "Scalars"}
    assert curves == {tag for tag in shown.curves if not tag.startswith("hparam/")}
    for page, tag in told:
        if page == "Images":
            assert shown.pictures(tag), tag
        if page == "Text":
            assert shown.text(tag), tag


def pages(section: str) -> list[tuple[str, str]]:
    """Return the page and the tags of each row; an empty cell is that above it."""
    found, page = [], ""
    for first, tags in re.findall(r"^\| (\w*) ?\| (.*?) ?\|", section, re.MULTILINE):
        page = first or page
        found.append((page, tags))
    return found


@pytest.mark.parametrize("argv", [["--graph", "x"], ["--port", "99999"]])
def test_options_that_make_no_sense(nas, folder, argv):
    make_run(folder / "run", [0.5])
    assert nas("tensorboard", "run", *argv).code == 2
