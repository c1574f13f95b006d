"""`nas measure`: what it measures, keeps, prints and refuses."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from made_latency import latency

from nas import measuring
from nas.latency import Latency
from nas.nn import timed as timing
from nas.run import Run
from nas.search.latencies import keep_latencies


@pytest.fixture
def run(folder: Path, finished: Path) -> Path:
    """A copy of a finished run that a test may change."""
    shutil.copytree(finished, folder / "run")
    return Path("run")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time each figure for a short time, and see a machine at rest."""

    def soon(subjects, batch_sizes, device, threads):
        return timing.timed(subjects, batch_sizes, device, threads, 0.05)

    def call(server, function, *given, timeout_seconds):
        assert function is timing.timed
        return soon(*given)

    monkeypatch.setattr(measuring, "call", call)
    monkeypatch.setattr(measuring.os, "getloadavg", lambda: (0.1, 0.1, 0.1))


def test_the_front_of_a_run_is_measured_kept_and_reported(nas, run: Path):
    front = Run(run).front
    outcome = nas("measure", run, "--batch", "1,4")
    assert (outcome.code, outcome.err) == (0, "")
    assert "1 thread, float32" in outcome.out
    for record in front:
        assert f"run {record.trial} " in outcome.out
        kept = Run(run).latencies(record)
        assert [one.batch_size for one in kept] == [1, 4]
    report = nas("report", run)
    assert "images/s" in report.out
    rows = (run / "report" / "latency.csv").read_text().splitlines()
    assert rows[0].startswith("trial,accuracy,params,macs,device,threads,precision,")
    assert len(rows) == 1 + 2 * len(front)
    data = json.loads(nas("report", run, "--json").out)["latencies"]
    assert [row["batch_size"] for row in data] == [1, 4] * len(front)


def test_a_newer_figure_of_a_setting_takes_the_place_of_the_older(nas, run: Path):
    record = Run(run).best()
    assert nas("measure", run, "--trials", "best", "--batch", "1").code == 0
    (mine,) = Run(run).latencies(record)
    elsewhere = latency(device="Another CPU")
    older = latency(999.0, device=mine.device)
    keep_latencies(Run(run).folder, {record.hash: (elsewhere, older)})
    assert set(Run(run).latencies(record)) == {elsewhere, older}
    assert nas("measure", run, "--trials", "best", "--batch", "1").code == 0
    first, second = Run(run).latencies(record)
    assert first == elsewhere
    assert second.median_ms < 999
    assert second.setting == older.setting
    out = nas("report", run).out
    assert "Another CPU, 1 thread" in out
    assert f"{mine.device}, 1 thread" in out


def test_trials_are_chosen_and_failed_ones_have_a_latency_too(nas, run: Path):
    outcome = nas("measure", run, "--trials", "2,0", "--batch", "2", "--json")
    assert outcome.code == 0
    assert [one["trial"] for one in json.loads(outcome.out)] == [2, 0]


def test_an_exported_model_a_file_and_a_known_network_stand_in_one_table(
    nas, run: Path
):
    record = Run(run).best()
    assert nas("export", run, "--to", "out").code == 0
    what = ("out", "out/model.py", run / "trials/00000/architecture.json", "resnet20")
    shape = ("--input", "1x8x8", "--classes", "7")
    outcome = nas("measure", *what, "--batch", "1", *shape, "--json")
    assert outcome.code == 0, outcome.err
    folder, file, architecture, known = json.loads(outcome.out)
    assert [folder["name"], file["name"]] == ["out", "out/model.py"]
    for model in (folder, file):
        assert (model["params"], model["macs"]) == (record.params, record.macs)
    assert architecture["params"] == Run(run).trial(0).params
    assert known["params"] == 269_434 - 3 * 65
    for one in (folder, file, architecture, known):
        (found,) = one["latencies"]
        rate = found.pop("images_per_second")
        assert rate == pytest.approx(1000 / Latency.from_json(found).median_ms)
    assert not (run / "latency.json").exists()


def test_a_busy_machine_is_told(nas, monkeypatch):
    monkeypatch.setattr(measuring.os, "getloadavg", lambda: (3.2, 1.0, 1.0))
    outcome = nas("measure", "resnet20", "--input", "1x8x8", "--batch", "1")
    assert outcome.code == 0
    assert "warning: the machine is at work (a load of 3.2 on " in outcome.out


def test_figures_that_cannot_be_kept_are_shown(nas, run: Path):
    (run / "latency.json").mkdir()
    outcome = nas("measure", run, "--trials", "best", "--batch", "1")
    assert outcome.code == 0
    assert "warning: the figures are not kept: run/latency.json: " in outcome.out
    assert "images/s" in outcome.out


def test_a_process_that_dies_is_an_error(nas, monkeypatch):
    def call(*given, **options):
        raise ChildProcessError("worker died (signal 9)")

    monkeypatch.setattr(measuring, "call", call)
    outcome = nas("measure", "resnet20")
    assert outcome.code == 2
    assert outcome.err == (
        "nas: error: nothing could be measured: worker died (signal 9); if there is "
        "too little memory, measure fewer networks, or smaller batches\n"
    )


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["resnet"], "unknown run or network 'resnet': did you mean 'resnet"),
        (["nowhere/model.py"], "nowhere/model.py: there is no such file; 'nas export'"),
        (["empty"], "no run at empty: the folder has no config.yaml"),
        (["run", "--trials", "77"], "run has no finished trial 77; it has 0 to 2"),
        (["run", "--trials", "worst"], "must be front, best or numbers of trials; got"),
        (["run", "--batch", "0"], "a batch must have 1 to 65,536 images; got 0"),
        (["run", "--batch", "one"], "must be numbers of images; got 'one'; write"),
        (["run", "--threads", "4000"], "threads must be from 1 to "),
        (["run", "--device", "tpu"], "unknown device 'tpu': did you mean 'cpu'?"),
        (["model.py"], "model.py: cannot be loaded: NameError: name 'torch' is not"),
        (["a.json"], "a.json:1:2: not JSON"),
        (["run", "--input", "3x9x9"], "input is for known networks such as resnet20"),
        (["run", "--classes", "7"], "run has images and classes of their own; leave"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_told_in_a_line(nas, run: Path, argv, says):
    Path("model.py").write_text("torch.nn.Linear(1, 1)\n")
    Path("a.json").write_text("{")
    Path("empty").mkdir()
    outcome = nas("measure", *argv)
    assert outcome.code == 2
    assert outcome.err.startswith("nas: error: ")
    assert outcome.err.count("\n") == 1
    assert says in outcome.err


@pytest.mark.parametrize(
    "text", ["{", "[1]", '[{"hash": "a"}]', '[{"device": "x"}]', "[[]]"]
)
def test_a_spoilt_file_is_named_and_repaired(nas, run: Path, text: str):
    (run / "latency.json").write_text(text)
    outcome = nas("report", run)
    assert outcome.code == 2
    assert "run/latency.json: cannot be read: " in outcome.err
    assert "delete it, 'nas measure' makes it anew" in outcome.err
    repaired = nas("repair", run)
    assert "latency.json could not be read and is now " in repaired.out
    assert nas("report", run).code == 0


def test_every_figure_that_was_disturbed_is_named(nas, run: Path):
    records = Run(run).front
    troubled = {1: latency(disturbed_runs=25), 4: latency(disturbed_runs=5)}
    own = [replace(one, batch_size=size) for size, one in troubled.items()]
    keep_latencies(Run(run).folder, {records[0].hash: tuple(own)})
    words = " ".join(nas("report", run).out.split())
    (told,) = re.findall(
        r"took the processor away in part of the runs of (.*?);", words
    )
    assert told == f"trial {records[0].trial} in batches of 1 (25 %)"
