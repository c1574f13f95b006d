"""The run folder: never overwritten, whole or not there, found or explained."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from made_run import FACTS, architectures, make_run, record

from nas.errors import NasError, RunError
from nas.records import Recipe, TrialRecord
from nas.search import RunFolder, SearchConfig
from nas.search.files import write_atomic
from nas.search.index import FORMAT
from nas.space import SearchSpace

MINIMAL = SearchSpace.load("minimal")


def tree(path: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(path)): p.read_bytes() if p.is_file() else b"a folder"
        for p in sorted(path.rglob("*"))
    }


class TestCreate:
    def test_what_was_asked_can_be_read_again(self, tmp_path):
        config = SearchConfig(
            space="mine", trials=7, workers=3, recipe=Recipe(epochs=4, lr=0.01)
        )
        RunFolder.create(tmp_path / "a" / "b", config, MINIMAL, FACTS)
        run = RunFolder.open(tmp_path / "a" / "b")
        assert run.config() == config
        assert run.facts() == FACTS
        space = run.space()
        assert space.name == "mine"
        assert (space.blocks, space.text) == (MINIMAL.blocks, MINIMAL.text)
        assert run.records() == []
        assert run.unfinished() == {}

    def test_the_file_says_with_what_it_was_made(self, tmp_path):
        make_run(tmp_path / "run")
        written = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
        environment = written["environment"]
        assert environment["python"] == ".".join(map(str, sys.version_info[:3]))
        assert {"nas", "torch", "optuna", "git", "command"} <= set(environment)

    @pytest.mark.parametrize("content", ["a run", "a folder", "an empty one", "a file"])
    def test_nothing_is_ever_overwritten(self, tmp_path, content):
        path = tmp_path / "run"
        match content:
            case "a run":
                make_run(path, [0.5])
            case "a folder":
                path.mkdir()
                (path / "thesis.tex").write_text("years of work")
            case "an empty one":
                path.mkdir()
            case "a file":
                path.write_text("years of work")
        before = tree(tmp_path)
        with pytest.raises(RunError, match=r"never overwritten.*nas resume.*--run"):
            make_run(path)
        assert tree(tmp_path) == before

    def test_a_file_in_the_way_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(RunError, match=r"cannot be made: .*file is not a folder"):
            make_run(tmp_path / "file" / "run")
        with pytest.raises(RunError, match="cannot be made"):
            make_run(tmp_path / "file" / "deeper" / "run")

    def test_half_a_run_is_taken_away_again(self, tmp_path, monkeypatch):
        def no_space_left(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", no_space_left)
        with pytest.raises(OSError, match="No space left"):
            make_run(tmp_path / "run")
        assert tree(tmp_path) == {}


class TestOpen:
    def test_no_runs_at_all(self, tmp_path):
        with pytest.raises(RunError, match=r"no such folder; start one with 'nas sea"):
            RunFolder.open(tmp_path / "run")

    def test_the_closest_run_is_offered(self, tmp_path):
        for name in ("alpha", "beta"):
            make_run(tmp_path / name)
        with pytest.raises(RunError, match=r"did you mean .*/alpha\?"):
            RunFolder.open(tmp_path / "alhpa")
        with pytest.raises(RunError, match=r"did you mean .*/beta\?"):
            RunFolder.open(tmp_path / "zzz")

    def test_a_folder_that_is_no_run(self, tmp_path):
        (tmp_path / "photos").mkdir()
        with pytest.raises(RunError, match=r"photos: the folder has no config\.yaml"):
            RunFolder.open(tmp_path / "photos")

    def test_a_file(self, tmp_path):
        (tmp_path / "run").write_text("")
        with pytest.raises(RunError, match="no run at"):
            RunFolder.open(tmp_path / "run")


class TestConfigFile:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[1, 2]",
            "config: 5\ndata: {}",
            "config: {}\ndata: {}",
            "config: {data: digits",
            "config: {recipe: {}}\ndata: {}",
            "data: {}",
            "\0",
        ],
    )
    def test_one_that_was_spoilt_is_refused(self, tmp_path, text):
        run = make_run(tmp_path / "run")
        (run.path / "config.yaml").write_text(text)
        with pytest.raises(RunError, match=r"config\.yaml"):
            run.config()

    def test_an_impossible_value_is_refused(self, tmp_path):
        run = make_run(tmp_path / "run")
        path = run.path / "config.yaml"
        path.write_text(path.read_text().replace("size-aware", "size-awear"))
        with pytest.raises(
            NasError, match=r"unknown sampler 'size-awear'.*'size-aware'"
        ):
            run.config()

    def test_extend_changes_the_number_of_trials_alone(self, tmp_path):
        run = make_run(tmp_path / "run", trials=3)
        before = yaml.safe_load((run.path / "config.yaml").read_text())
        run.extend(SearchConfig(**{**as_arguments(run.config()), "trials": 9}))
        after = yaml.safe_load((run.path / "config.yaml").read_text())
        assert run.config().trials == 9
        before["config"]["trials"] = 9
        assert after == before


def as_arguments(config: SearchConfig) -> dict[str, object]:
    return config.to_json() | {"recipe": config.recipe}


class TestTrials:
    def test_records_survive_the_disk(self, tmp_path):
        run = make_run(tmp_path / "run", [0.5, None, 0.75])
        records = RunFolder.open(run.path).records()
        expected = zip(architectures(3), [0.5, None, 0.75], strict=True)
        assert records == [record(i, *pair) for i, pair in enumerate(expected)]
        genes = [r.architecture.genes for r in records]
        assert genes == [a.genes for a in architectures(3)]

    def test_records_are_in_the_order_of_their_numbers(self, tmp_path):
        run = make_run(tmp_path / "run")
        numbers = [100_000, 7, 99_999, 0]
        for number, architecture in zip(numbers, architectures(4), strict=True):
            run.start_trial(number, architecture)
            run.finish_trial(record(number, architecture, 0.5))
        assert [r.trial for r in run.records()] == sorted(numbers)

    def test_unfinished_are_those_without_a_result(self, tmp_path):
        run = make_run(tmp_path / "run", [0.5])
        _, one, two = architectures(3)
        run.start_trial(1, one)
        run.start_trial(2, two)
        assert run.unfinished() == {1: one, 2: two}
        run.finish_trial(record(1, one, None))
        assert run.unfinished() == {2: two}

    def test_a_trial_that_never_got_its_architecture_has_not_begun(self, tmp_path):
        run = make_run(tmp_path / "run", [0.5])
        run.trial_path(1).mkdir()
        (run.trials_path / "notes").mkdir()
        run.trial_path(2).mkdir()  # as a power failure may leave one
        (run.trial_path(2) / "architecture.json").touch()
        assert run.unfinished() == {}
        assert len(run.records()) == 1

    def test_a_second_start_begins_from_nothing(self, tmp_path):
        run = make_run(tmp_path / "run")
        (architecture,) = architectures(1)
        run.start_trial(0, architecture)
        (run.trial_path(0) / "events.out.tfevents.1").write_bytes(b"half")
        run.start_trial(0, architecture)
        assert [p.name for p in run.trial_path(0).iterdir()] == ["architecture.json"]

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"architecture": {}}', "5"])
    def test_a_spoilt_result_is_named(self, tmp_path, text):
        run = make_run(tmp_path / "run", [0.5, 0.6])
        path = run.trial_path(1) / "result.json"
        path.write_text(text)
        with pytest.raises(RunError, match=rf"{path}: cannot be read"):
            run.records()

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"curve": None}, "curve must be a list, each a number; got None"),
            ({"standings": [1]}, "standings must be a list, each [an integer of"),
            ({"latency": "x"}, "latency must be an object, or null; got 'x'"),
            ({"latency": {}}, "there is no device"),
            ({"finished": "now"}, "finished must be a time in ISO 8601; got 'now'"),
            ({"params": None}, "params cannot be None"),
        ],
    )
    def test_a_spoilt_field_is_told_in_our_words(self, tmp_path, change, says):
        run = make_run(tmp_path / "run", [0.5])
        path = run.trial_path(0) / "result.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        with pytest.raises(RunError, match=re.escape(f"cannot be read: {says}")):
            run.records()

    def test_a_run_of_old_with_plugins_is_not_sent_to_a_repair(self, tmp_path):
        run = make_run(tmp_path / "run", [0.5])
        (run.trial_path(0) / "result.json").write_text("{")
        with pytest.raises(RunError, match=r"'nas repair .*' sets it aside"):
            run.records()
        run.plugins_path.mkdir()
        (run.path / "began.json").unlink()
        with pytest.raises(RunError, match="bring that back") as told:
            run.records()
        assert "nas repair" not in str(told.value)

    def test_what_is_no_object_is_told_in_our_words(self, tmp_path):
        run = make_run(tmp_path / "run", [0.5])
        (run.trial_path(0) / "result.json").write_text("[1]")
        with pytest.raises(RunError, match=r"it must hold an object; got \[1\]"):
            run.records()

    def test_a_spoilt_architecture_is_named(self, tmp_path):
        run = make_run(tmp_path / "run")
        run.trial_path(0).mkdir()
        (run.trial_path(0) / "architecture.json").write_text("{")
        with pytest.raises(RunError, match=r"00000/architecture\.json"):
            run.unfinished()


class TestIndex:
    """A file that makes reading fast, and that nothing depends on."""

    @pytest.fixture
    def run(self, tmp_path):
        return make_run(tmp_path / "run", [0.5, None, 0.75])

    @pytest.fixture
    def path(self, run):
        (path,) = run.path.glob("index*")
        return path

    @pytest.fixture
    def opened(self, monkeypatch):
        """The numbers of the trials whose own results are read."""
        found = []
        original = RunFolder._result

        def result(self, name):
            found.append(int(name))
            return original(self, name)

        monkeypatch.setattr(RunFolder, "_result", result)
        return found

    def test_results_are_not_opened_again(self, run, opened):
        expected = [
            record(i, architecture, accuracy)
            for i, (architecture, accuracy) in enumerate(
                zip(architectures(3), [0.5, None, 0.75], strict=True)
            )
        ]
        found = run.records()
        assert opened == []
        assert [r.hash for r in found] == [r.hash for r in expected]
        assert found == expected
        assert [r.architecture.genes for r in found] == [
            r.architecture.genes for r in expected
        ]
        assert [r.to_json() for r in found] == [r.to_json() for r in expected]

    @pytest.mark.parametrize("harm", ["gone", "empty", "noise", "another format"])
    def test_without_it_results_are_read_and_it_is_there_again(
        self, run, path, opened, harm
    ):
        before = run.records()
        match harm:
            case "gone":
                path.unlink()
            case "empty":
                path.write_bytes(b"")
            case "noise":
                path.write_bytes(bytes(range(256)) * 9)
            case "another format":
                path.write_bytes(path.read_bytes().replace(b"\n" + FORMAT, b"\n0"))
        assert run.records() == before
        assert sorted(opened) == [0, 1, 2]
        opened.clear()
        assert run.records() == before
        assert opened == []

    def test_cut_anywhere_it_is_completed(self, run, path, opened):
        before = run.records()
        whole = path.read_bytes()
        for end in range(0, len(whole), 97):
            path.write_bytes(whole[:end])
            assert run.records() == before
            opened.clear()
            assert run.records() == before
            assert opened == []

    def test_a_flipped_bit_costs_its_row(self, run, path, opened):
        before = run.records()
        whole = bytearray(path.read_bytes())
        for place in range(0, len(whole), 101):
            harmed = whole.copy()
            harmed[place] ^= 4
            path.write_bytes(harmed)
            assert run.records() == before
        assert len(opened) > 10

    def test_rows_of_earlier_versions_are_of_the_search(
        self, run, path, opened, monkeypatch
    ):
        path.unlink()
        whole = TrialRecord.facts
        with monkeypatch.context() as patch:
            patch.setattr(
                TrialRecord,
                "facts",
                lambda r: {k: v for k, v in whole(r).items() if k != "arm"},
            )
            before = run.records()
        assert b'"arm"' not in path.read_bytes()
        opened.clear()
        assert [r.arm for r in run.records()] == ["search"] * 3
        assert run.records() == before
        assert opened == []

    def test_another_accuracy_leaves_the_rest(self, run):
        one = run.records()[0]
        other = one.with_accuracy(0.25)
        assert (one.accuracy, other.accuracy) == (0.5, 0.25)
        assert "architecture" not in vars(other)
        assert other.with_accuracy(0.5) == one
        assert (other.hash, other.genes) == (one.hash, one.genes)

    def test_a_result_that_changed_counts_and_not_its_row(self, run, opened):
        _, other = architectures(2)
        run.finish_trial(record(0, other, 0.25))
        (run.path / "index.tsv").unlink()
        assert run.records()[0].accuracy == 0.25
        path = run.trial_path(0) / "result.json"
        path.write_text(path.read_text().replace("0.25", "0.125"))
        opened.clear()
        assert run.records()[0].accuracy == 0.125
        assert opened == [0]

    def test_a_trial_that_is_gone_is_gone(self, run):
        (run.trial_path(2) / "result.json").unlink()
        assert [r.trial for r in run.records()] == [0, 1]
        assert list(run.unfinished()) == [2]

    def test_a_run_moved_elsewhere_is_the_same(self, run, tmp_path):
        before = run.records()
        run.path.rename(tmp_path / "moved")
        assert RunFolder(tmp_path / "moved").records() == before

    def test_nothing_that_can_be_written_is_needed(self, run, path):
        before = run.records()
        path.unlink()
        path.mkdir()
        assert run.records() == before
        run.finish_trial(before[0])


class TestOwned:
    def test_one_owner_at_a_time(self, tmp_path):
        run = make_run(tmp_path / "run")
        other = RunFolder.open(run.path)
        refused = pytest.raises(RunError, match="another process works on")
        with run.owned(), refused, other.owned():
            raise AssertionError("two owners")
        with run.owned():
            pass

    def test_a_folder_in_the_place_of_the_lock_is_named(self, tmp_path):
        (tmp_path / ".lock").mkdir()
        refused = pytest.raises(RunError, match=r"\.lock is a folder .* remove it")
        with refused, RunFolder(tmp_path).owned():
            pass

    def test_the_lock_ends_with_its_process(self, tmp_path):
        run = make_run(tmp_path / "run")
        code = (
            "import os, sys, pathlib\n"
            "from nas.search import RunFolder\n"
            "owned = RunFolder(pathlib.Path(sys.argv[1])).owned()\n"
            "owned.__enter__()\n"
            "os._exit(9)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, run.path], check=False)
        assert done.returncode == 9
        with run.owned():
            pass


class TestWriteAtomic:
    def test_the_old_file_stays_when_the_new_one_fails(self, tmp_path, monkeypatch):
        path = tmp_path / "front.json"
        write_atomic(path, b"old")

        def torn(*_):
            raise OSError("disk on fire")

        monkeypatch.setattr(os, "fsync", torn)
        with pytest.raises(OSError, match="disk on fire"):
            write_atomic(path, b"new")
        assert tree(tmp_path) == {"front.json": b"old"}

    def test_results_are_read_by_people_too(self, tmp_path):
        run = make_run(tmp_path / "run", [0.5])
        text = (run.trial_path(0) / "result.json").read_text()
        assert text.endswith("}\n")
        assert "\n  " in text
        assert json.loads(text)["accuracy"] == 0.5
