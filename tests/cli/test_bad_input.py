"""Bad input: one line, exit code 2, and nothing written."""

import json
from pathlib import Path

import pytest
from made_run import make_run

BAD = {
    "unknown command": (["serch"], "No such command 'serch'", "search"),
    "unknown option": (["search", "--trails", "3"], "--trails", "--trials"),
    "unknown option of show": (["show", "default", "--jsn"], "--jsn", "--json"),
    "option without its value": (["search", "--trials"], "--trials", "argument"),
    "one argument too many": (["search", "digits"], "unexpected extra argument"),
    "one argument too few": (["resume"], "RUN"),
    "unknown data": (["search", "--data", "digit"], "'digit'", "mean 'digits'?"),
    "unknown space": (["search", "--space", "defualt"], "mean 'default'?"),
    "unknown sampler": (["search", "--sampler", "tpee"], "mean 'tpe'?"),
    "unknown baseline": (["search", "--baseline", "rnd"], "mean 'random'?"),
    "eta of nothing": (
        ["search", "--eta", "2"],
        "eta is for halving; add --halving, or leave --eta out",
    ),
    "no repeats": (["search", "--repeats", "0"], "--repeats", "1"),
    "repeats that repeat nothing": (["repeat", "r", "--repeats", "1"], "--repeats"),
    "no numbers of trials": (
        ["repeat", "r", "--trials", "3;7"],
        "must be numbers of trials; got '3;7'; write for example 3,7",
    ),
    "unknown run of repeat": (["repeat", "nowhere"], "no run at nowhere"),
    "unknown device": (["search", "--device", "gpu"], "auto or cpu or cuda"),
    "no number of workers": (
        ["search", "--workers", "-1"],
        "must be auto or a number from 0 on; got '-1'",
    ),
    "no numbers of devices": (
        ["search", "--devices", "0;1"],
        "must be numbers of GPUs; got '0;1'; write for example 0,1",
    ),
    "a device twice": (["search", "--devices", "1,1"], "must be different numbers"),
    "devices on a CPU": (
        ["search", "--devices", "0", "--device", "cpu"],
        "devices are GPUs; leave them out with device 'cpu'",
    ),
    "two devices in one process": (
        ["search", "--devices", "0,1", "--workers", "0"],
        "workers must be 1 or more for 2 devices",
    ),
    "unknown run": (["resume", "runs/first"], "no run at runs/first", "nas search"),
    "unknown run of report": (["report", "nowhere"], "no run at nowhere"),
    "unknown run of export": (["export", "nowhere"], "no run at nowhere"),
    "unknown run of tensorboard": (["tensorboard", "nowhere"], "no run at nowhere"),
    "unknown thing to show": (["show", "minimall"], "mean 'minimal'?"),
    "no such space file": (["show", "my.yaml"], "my.yaml: cannot be read: No such"),
    "no such architecture": (["show", "my.json"], "my.json: cannot be read"),
    "no number": (["search", "--trials", "many"], "--trials", "integer"),
    "no trials": (["search", "--trials", "0"], "--trials", "1"),
    "no epochs": (["search", "--epochs", "0"], "--epochs", "1"),
    "a seed below 0": (["search", "--seed", "-1"], "--seed", "0"),
    "no size": (["search", "--max-params", "big"], "got 'big'", "30k, 1.5M or 50000"),
    "a size of nothing": (["search", "--max-params", "0"], "--max-params", "got '0'"),
    "a negative size": (["search", "--max-params=-5"], "--max-params", "got '-5'"),
    "a budget too small": (["search", "--max-params", "10"], "allow at least 652"),
    "no shape": (["show", "default", "--input", "32"], "got '32'", "3x32x32"),
    "no channels": (["show", "default", "--input", "0x8x8"], "got '0x8x8'"),
    "images too small": (["show", "default", "--input", "1x2x2"], "stride must be 1"),
    "one class": (["show", "default", "--classes", "1"], "--classes", "2"),
    "a budget too small to show": (
        ["show", "default", "--max-params", "10"],
        "over the budget of 10",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_one_line_exit_2_and_nothing_written(nas, folder, case):
    argv, *fragments = BAD[case]
    outcome = nas(*argv)
    assert outcome.code == 2
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("nas: error: ")
    for fragment in fragments:
        assert fragment in line
    assert list(folder.iterdir()) == []


def test_a_gpu_where_there_is_none(nas, folder, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    outcome = nas("search", "--device", "cuda")
    assert outcome.code == 2
    assert "needs an NVIDIA GPU" in outcome.err
    outcome = nas("search", "--devices", "1")
    assert outcome.code == 2
    assert "devices must be numbers of GPUs; there are none; got 1" in outcome.err
    assert list(folder.iterdir()) == []


def test_a_mistake_in_a_space_is_told_with_its_place(nas, folder):
    (folder / "mine.yaml").write_text("schema: 1\nwidth: solved\n")
    for command in (["search", "--space", "mine.yaml"], ["show", "mine.yaml"]):
        outcome = nas(*command)
        assert outcome.code == 2
        assert outcome.err == (
            "nas: error: mine.yaml:2:1: has an unknown key 'width': "
            "did you mean 'widths'?\n"
        )
    assert [path.name for path in folder.iterdir()] == ["mine.yaml"]


def test_an_architecture_that_is_none(nas, folder):
    (folder / "bad.json").write_text('{"schema": 1')
    outcome = nas("show", "bad.json")
    assert outcome.code == 2
    assert outcome.err.startswith("nas: error: bad.json:1:")
    assert len(outcome.err.splitlines()) == 1


def contents(path: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_an_existing_run_is_never_overwritten(nas, folder):
    make_run(folder / "runs" / "mine", [0.5])
    before = contents(folder)
    outcome = nas("search", "--run", "runs/mine")
    assert outcome.code == 2
    assert "runs/mine exists and is never overwritten" in outcome.err
    assert "nas resume runs/mine" in outcome.err
    assert contents(folder) == before


class TestRuns:
    @pytest.fixture
    def run(self, folder):
        return make_run(folder / "runs" / "mine", [0.5, None, 0.75], trials=5)

    def test_the_closest_run(self, nas, run):
        for command in ("resume", "report", "export", "tensorboard"):
            outcome = nas(command, "runs/mime")
            assert outcome.code == 2
            assert "did you mean runs/mine?" in outcome.err
        assert "did you mean 'runs/mine'?" in nas("show", "runs/mime").err

    def test_a_trial_that_is_not_there(self, nas, run):
        for command in ("export", "show"):
            outcome = nas(command, "runs/mine", "--trial", "9")
            assert outcome.code == 2
            assert "no finished trial 9; it has 0 to 2" in outcome.err

    def test_a_trial_that_failed_or_lost_its_weights(self, nas, run, folder):
        failed = nas("export", "runs/mine", "--trial", "1")
        assert failed.code == 2
        assert "trial 1 failed (RuntimeError: out of luck)" in failed.err
        lost = nas("export", "runs/mine", "--trial", "2", "--to", "out")
        assert lost.code == 2
        assert "has no weights" in lost.err
        assert not (folder / "out").exists()
        assert not (run.path / "export").exists()

    def test_nothing_as_small(self, nas, run):
        outcome = nas("export", "runs/mine", "--max-params", "10")
        assert outcome.code == 2
        assert "no trial of at most 10 parameters; its smallest has" in outcome.err

    def test_trial_and_size_at_once(self, nas, run):
        outcome = nas("export", "runs/mine", "--trial", "0", "--max-params", "1k")
        assert outcome.code == 2
        assert "--trial" in outcome.err
        assert "--max-params" in outcome.err

    def test_fewer_trials_than_there_are(self, nas, run):
        outcome = nas("resume", "runs/mine", "--trials", "2")
        assert outcome.code == 2
        assert "at least 3" in outcome.err
        assert run.config().trials == 5

    def test_another_process_works_on_it(self, nas, run):
        with run.owned():
            outcome = nas("resume", "runs/mine")
        assert outcome.code == 2
        assert "another process works on the run runs/mine" in outcome.err
        assert len(outcome.err.splitlines()) == 1

    def test_a_run_with_nothing_in_it_yet(self, nas, folder):
        make_run(folder / "new", trials=3)
        for command in (["export", "new"], ["show", "new"]):
            outcome = nas(*command)
            assert outcome.code == 2
            assert "no finished trial yet; continue it with 'nas resume'" in outcome.err

    def test_a_spoilt_result(self, nas, run):
        (run.trial_path(0) / "result.json").write_text("{")
        outcome = nas("report", "runs/mine")
        assert outcome.code == 2
        assert "00000/result.json: cannot be read" in outcome.err

    def test_a_spoilt_configuration(self, nas, run):
        config = run.path / "config.yaml"
        config.write_text(json.dumps({"config": {"data": "digits"}, "data": {}}))
        outcome = nas("resume", "runs/mine")
        assert outcome.code == 2
        assert "config must have the key" in outcome.err
        config.write_text("config: {data: [digits\n")  # PyYAML needs several lines
        outcome = nas("resume", "runs/mine")
        assert outcome.code == 2
        (line,) = outcome.err.splitlines()
        assert "config.yaml:2:1: not YAML" in line
        assert "nas repair runs/mine" in line


def test_a_report_of_a_run_without_its_space_says_so_before_anything(nas, folder):
    make_run(folder / "run", [0.5]).space_path.unlink()
    outcome = nas("report", "run")
    assert (outcome.code, outcome.out) == (2, "")
    said = "nas: error: run: space.yaml is gone; 'nas repair run' writes it anew"
    assert outcome.error == said
    assert nas("repair", "run").code == 0
    assert nas("report", "run").code == 0
