"""What each command prints and writes when all is well."""

import json
import shutil
import subprocess
import sys

import pytest
from made_run import make_run

from nas.arch import from_json, read
from nas.cli.options import parse_shape, parse_size
from nas.nn.cost import cost
from nas.records import recipe_to_json
from nas.run import Run
from nas.search import loop


class TestSearch:
    def test_plain_lines_the_front_and_where_things_are(self, nas, folder):
        outcome = nas(
            *("search", "--space", "minimal", "--max-params", "5k", "--trials", "2"),
            *("--epochs", "1", "--workers", "0", "--run", "runs/a", "--seed", "3"),
        )
        assert outcome.code == 0
        assert outcome.err == ""
        assert "\x1b" not in outcome.out
        lines = outcome.out.splitlines()
        assert lines[0] == (
            "digits: 1,151 training and 287 validation images of 1x8x8, 10 classes"
        )
        assert "space minimal, up to 5,000 parameters; 2 trials" in lines[1]
        assert lines[1].endswith("in runs/a")
        assert lines[2].startswith("[1/2] trial 0: ")
        assert lines[3].startswith("[2/2] trial 1: ")
        for command in ("nas export runs/a", "nas tensorboard runs/a"):
            assert any(line.endswith(command) for line in lines)

        run = Run(folder / "runs" / "a")
        assert [record.trial for record in run.records] == [0, 1]
        for record in run.front:
            assert f"{record.params:,}" in outcome.out
            assert f"{100 * record.accuracy:.2f} %" in outcome.out
        written = json.loads((run.path / "report" / "front.json").read_text())
        assert [point["trial"] for point in written] == [r.trial for r in run.front]
        assert {p.name for p in (run.path / "report").iterdir()} == {
            "data.json",
            "front.csv",
            "front.json",
            "front.png",
            "report.html",
            "summary.json",
        }
        facts = json.loads((run.path / "report" / "data.json").read_text())
        assert facts == run.folder.facts()
        assert facts["fitted"] == 1151
        config = run.config
        assert (config.seed, config.max_params, config.recipe.epochs) == (3, 5000, 1)

        longer = nas("resume", "runs/a", "--trials", "3")
        assert longer.code == 0
        assert "2 trials are finished already" in longer.out
        assert "[3/3] trial 2: " in longer.out
        assert "trial 1:" not in longer.out
        assert [record.trial for record in run.records] == [0, 1, 2]

    def test_a_search_that_fails_says_why_and_exits_1(self, nas, folder, monkeypatch):
        def broken(data, device, data_memory):
            raise RuntimeError("the cat sits\non the keyboard")

        monkeypatch.setattr(loop, "start_evaluator", broken)
        outcome = nas("search", "--trials", "1", "--workers", "0", "--run", "r")
        assert outcome.code == 1
        traceback, _, line = outcome.err.rstrip().rpartition("\n")
        assert line.startswith("nas: error: no candidate could be trained")
        assert "the cat sits" in line
        assert traceback.startswith("Traceback (most recent call last)")
        assert "in broken" in traceback

    def test_a_space_of_one_network_is_soon_used_up(self, nas, folder):
        (folder / "one.yaml").write_text(
            "schema: 1\nwidths: absolute\nstem: {width: 4}\nblocks:\n"
            "  - {width: 4, aggregation: sum, unit: basic}\n"
        )
        options = ["--epochs", "3", "--workers", "0", "--baseline", "random"]
        for more in ([], ["--halving"]):
            run = f"r{len(more)}"
            outcome = nas(
                "search", "--space", "one.yaml", *options, *more, "--run", run
            )
            assert outcome.code == 0, outcome.err
            assert "used up after 1 network under this budget" in outcome.out
            assert "Front of 2 trials" in outcome.out

    def test_a_run_gets_the_next_free_name(self, folder):
        from nas.preparing import free_run_path

        assert str(free_run_path("digits", "default")) == "runs/digits-default-1"
        (folder / "runs" / "digits-default-1").mkdir(parents=True)
        assert str(free_run_path("digits", "default")) == "runs/digits-default-2"
        assert str(free_run_path("photos/cats", "mine")) == "runs/cats-mine-1"


class TestResume:
    def test_a_finished_run_has_nothing_to_do(self, nas, finished, tmp_path):
        copy = tmp_path / "copy"
        shutil.copytree(finished, copy)
        outcome = nas("resume", copy)
        assert outcome.code == 0
        assert "3 trials are finished already" in outcome.out
        assert "Front of 3 trials" in outcome.out


class TestReport:
    def test_the_front_is_printed_and_written(self, nas, folder):
        run = make_run(folder / "run", [0.5, None, 0.75, 0.625])
        outcome = nas("report", "run")
        assert outcome.code == 0
        assert "Front of 4 trials, 1 failed" in outcome.out
        front = Run(run.path).front
        written = json.loads((run.report_path / "front.json").read_text())
        assert [point["trial"] for point in written] == [r.trial for r in front]
        for point in written:
            assert {"trial", "params", "accuracy", "architecture"} <= set(point)
            assert 0 <= point["accuracy"] <= 1
            assert (
                point["params"] == cost(from_json(point["architecture"])).total.params
            )
        assert (run.report_path / "front.png").read_bytes().startswith(b"\x89PNG")

    def test_twice_gives_the_same(self, nas, folder):
        run = make_run(folder / "run", [0.5, 0.75])
        first = nas("report", "run").out
        table = (run.report_path / "front.csv").read_bytes()
        assert nas("report", "run").out == first
        assert (run.report_path / "front.csv").read_bytes() == table

    def test_nothing_is_complete(self, nas, folder):
        make_run(folder / "run", [None])
        outcome = nas("report", "run")
        assert outcome.code == 0
        assert "run: no trial is complete, 1 failed" in outcome.out


class TestShow:
    def test_a_space(self, nas):
        outcome = nas("show", "default", "--input", "1x28x28", "--max-params", "50k")
        assert outcome.code == 0
        assert "Small images, four blocks" in outcome.out
        assert "to 50,000 parameters for 1x28x28 images of 10 classes" in outcome.out
        assert "sum, concat, hierarchical" in outcome.out
        assert nas("show", "default", "--input", "1x28x28").out != outcome.out

    def test_a_space_as_json(self, nas):
        data = json.loads(nas("show", "minimal", "--json", "--classes", "3").out)
        assert data["name"] == "minimal"
        assert data["max_params"] == 1_000_000
        assert data["genes"]["block1.aggregation"] == "sum, concat"
        for sample in data["samples"]:
            architecture = from_json(sample)
            assert architecture.num_classes == 3
            size = cost(architecture).total.params
            assert data["min_params"] <= size <= data["max_params"]

    def test_an_own_space(self, nas, folder):
        (folder / "mine.yaml").write_text(
            "schema: 1\nwidths: absolute\nstem: {width: 4}\nblocks:\n"
            "  - {width: [4, 8], aggregation: sum, unit: basic}\n"
        )
        outcome = nas("show", "mine.yaml")
        assert outcome.code == 0
        assert "10^0.3" in outcome.out
        assert "4, 8" in outcome.out

    def test_the_best_trial_of_a_run_block_by_block(self, nas, folder):
        run = make_run(folder / "run", [0.5, 0.75, 0.625])
        record = run.records()[1]
        outcome = nas("show", "run")
        assert outcome.code == 0
        assert "trial 1 of run, 75.00 %" in outcome.out
        parts = cost(record.architecture)
        for part in (parts.stem, *parts.blocks, parts.head, parts.total):
            assert f" {part.params:,} " in outcome.out
        assert "trial 2 of run" in nas("show", "run", "--trial", "2").out

    def test_a_trial_that_failed_can_be_looked_at(self, nas, folder):
        make_run(folder / "run", [0.5, None])
        outcome = nas("show", "run", "--trial", "1")
        assert outcome.code == 0
        assert "trial 1 of run, failed: RuntimeError: out of luck" in outcome.out

    def test_brackets_in_names_are_no_markup(self, nas, folder):
        (folder / "a[").mkdir()
        make_run(folder / "a[" / "b]", [0.5, 0.75])
        for argv in (["report"], ["show"], ["show", "--trial", "0"]):
            outcome = nas(*argv, "a[/b]")
            assert outcome.code == 0, outcome.err
            assert "a[/b]" in outcome.out

    def test_an_architecture_as_json_and_from_its_file(self, nas, folder):
        run = make_run(folder / "run", [0.5])
        path = "run/trials/00000/architecture.json"
        data = json.loads(nas("show", path, "--json").out)
        record = run.records()[0]
        assert data["params"] == record.params
        assert data["macs"] == record.macs
        assert data["hash"] == record.hash
        assert from_json(data["architecture"]) == read(folder / path)
        recipe = {"recipe": recipe_to_json(run.config().recipe)}
        assert json.loads(nas("show", "run", "--json").out) == data | recipe
        assert path in nas("show", path).out

    def test_a_space_s_name_wins_over_a_folder(self, nas, folder):
        (folder / "default").mkdir()
        assert "Small images" in nas("show", "default").out


def test_a_reader_that_goes_away_is_no_error(folder):
    command = (
        f"{sys.executable} -m nas show default | head -n 1; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("default: ")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("30000", 30_000),
        ("30_000", 30_000),
        ("30k", 30_000),
        ("30K", 30_000),
        (" 1.5M ", 1_500_000),
        ("2g", 2_000_000_000),
        ("0.5k", 500),
        (1234, 1234),
    ],
)
def test_sizes(text, size):
    assert parse_size(text) == size


def test_shapes():
    assert parse_shape("3x32x48") == (3, 32, 48)
    assert parse_shape("1X8X8") == (1, 8, 8)
