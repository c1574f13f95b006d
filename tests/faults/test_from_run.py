"""``nas search --from-run``: a new search begins with what an earlier one has found."""

# ruff: noqa: F401, F811 - fixtures are imported by name

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from small_runs import HERE, SMALL, records, run, searched

from nas.nn.cost import num_params
from nas.records import candidate_key
from nas.search import RunFolder

pytestmark = pytest.mark.faults


def same(one: Path, other: Path, *names: str) -> bool:
    return all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names
    )


def files(path: Path) -> list[Path]:
    return sorted(p.relative_to(path) for p in path.rglob("*"))


class TestTaken:
    def test_what_fits_is_copied_whole_and_counts(self, run, nas):
        assert nas("repeat", run, "--trials", 1, "--repeats", 2).code == 0
        before = files(run)
        told = nas("search", "--from-run", run, "--trials", 2, "--run", "new")
        assert told.code == 0
        assert f"4 of 4 complete trials of {run} taken over\n" in told.out
        assert files(run) == before

        new = RunFolder.open(Path("new"))
        assert new.config() == replace(RunFolder(run).config(), trials=6)
        old, found = records(run), records(new.path)
        assert [record.trial for record in found] == list(range(6))
        assert found[:4] == old
        for record in old:
            pair = (
                RunFolder(run).trial_path(record.trial),
                new.trial_path(record.trial),
            )
            assert same(*pair, "weights.safetensors", "architecture.json")
            names = [{p.name for p in folder.glob("events*")} for folder in pair]
            assert names[0] == names[1] != set()
        assert len({candidate_key(record.architecture) for record in found}) == 6
        repeat = json.loads((new.trial_path(1) / "repeats/2/result.json").read_bytes())
        assert repeat["trial"] == 1

        assert "nothing to mend" in nas("repair", "new").out
        assert nas("resume", "new").code == 0
        assert nas("resume", "new", "--trials", 7).code == 0
        assert len(records(Path("new"))) == 7

    def test_what_is_too_large_stays(self, run, nas):
        sizes = sorted(record.params for record in records(run))
        budget = sizes[1]
        fitting = [record for record in records(run) if record.params <= budget]
        large = len(sizes) - len(fitting)
        words = ("--max-params", budget, "--trials", 1, "--run", "new")
        told = nas("search", "--from-run", run, *words)
        assert told.code == 0
        out = " ".join(told.out.split())
        verb = "is" if large == 1 else "are"
        assert f"{len(fitting)} of 4 complete trials" in out
        assert f"; {large} {verb} larger than {budget:,} parameters" in out
        found = records(Path("new"))
        assert [r.key for r in found[:-1]] == [r.key for r in fitting]
        # The sizes that they were asked for may have been larger than the new budget.
        space = RunFolder(Path("new")).space()
        assert all(r.genes["target"] <= budget for r in found)
        assert space.solved
        for record in found:
            assert num_params(record.architecture) == record.params <= budget

    def test_failed_ones_and_doubles_stay(self, run, nas):
        folder = RunFolder(run)
        one, two, three, _ = folder.records()
        failed = {"status": "failed", "accuracy": None, "loss": None, "error": "x"}
        folder.finish_trial(replace(two, **failed))
        folder.finish_trial(replace(three, architecture=one.architecture))
        told = nas("search", "--from-run", run, "--trials", 1, "--run", "new")
        out = " ".join(told.out.split())
        assert f"2 of 3 complete trials of {run} taken over; 1 is a network" in out
        assert [r.trial for r in records(Path("new"))] == [0, 1, 2]

    def test_options_that_stand_on_the_line_win(self, run, nas):
        words = ("--seed", 5, "--sampler", "random", "--trials", 1, "--repeats", 1)
        assert nas("search", "--from-run", run, *words, "--run", "new").code == 0
        old, new = RunFolder(run).config(), RunFolder(Path("new")).config()
        assert new == replace(old, seed=5, sampler="random", trials=5)

    def test_edited_files_are_what_is_asked_and_old_ones_what_was_trained(
        self, run, nas
    ):
        path = run / "config.yaml"
        path.write_text(
            path.read_text().replace("max_params: 3000", "max_params: 2900")
        )
        path = run / "space.yaml"
        path.write_text(path.read_text().replace("depth: [1, 2]", "depth: [1, 2, 3]"))
        assert nas("resume", run).code == 2
        assert nas("search", "--from-run", run, "--trials", 1, "--run", "new").code == 0
        new = RunFolder(Path("new"))
        assert new.config().max_params == 2900
        assert "[1, 2, 3]" in new.space().text
        assert len(new.records()) == 5

    def test_a_run_of_old_is_one_to_take_from(self, run, nas):
        (run / "began.json").unlink()
        assert nas("search", "--from-run", run, "--trials", 1, "--run", "new").code == 0
        assert len(records(Path("new"))) == 5

    def test_its_own_recipe_stays_that_of_a_space_that_fixes_another(self, nas):
        text = (Path(__file__).parents[2] / "search_spaces/minimal.yaml").read_text()
        Path("mine.yaml").write_text(text + "\nrecipe:\n  epochs: 3\n  lr: 0.1\n")
        words = ("--space", "mine.yaml", *SMALL[2:], *HERE, "--trials", 1)
        assert nas("search", *words, "--run", "r").code == 0
        assert nas("search", "--from-run", "r", "--trials", 1, "--run", "new").code == 0
        assert RunFolder(Path("new")).config().recipe.epochs == 1
        assert len(records(Path("new"))) == 2


class TestNothingFits:
    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (("--epochs", "2"), "4 were trained with another recipe"),
            (
                ("--objective", "balanced-accuracy"),
                "4 were trained with another recipe",
            ),
            (
                ("--space", "mobile", "--max-params", "30k"),
                "4 are not in the space 'mobile'",
            ),
            (("--max-params", "700"), "smallest network of the space"),
        ],
    )
    def test_one_line_says_why(self, run, nas, words, why):
        refused = nas("search", "--from-run", run, *words, "--run", "new")
        assert refused.code == 2
        assert why in refused.err
        assert len(refused.err.splitlines()) == 1
        assert sorted(path.name for path in Path().iterdir()) == ["run"]

    def test_on_other_data(self, run, nas, tmp_path):
        import numpy as np

        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (99, 8, 8), np.uint8)
        np.savez(tmp_path / "d.npz", images=pixels, labels=np.arange(99) % 3)
        words = ("--data", tmp_path / "d.npz", "--run", "new")
        refused = nas("search", "--from-run", run, *words)
        assert refused.code == 2
        assert "it was on other data" in refused.error
        assert any("classes are gone" in line for line in refused.err.splitlines())
        assert not Path("new").exists()

    def test_where_there_is_no_run(self, nas):
        refused = nas("search", "--from-run", "nowhere", "--run", "new")
        assert refused.code == 2
        assert "no run at nowhere" in refused.err


class TestHalved:
    HALVED = ("--space", "minimal", "--max-params", "3k", "--epochs", 3, "--halving")

    @pytest.fixture(scope="class")
    @classmethod
    def halved(cls, tmp_path_factory):
        import subprocess

        from small_runs import command

        path = tmp_path_factory.mktemp("runs") / "halved"
        words = command("search", *cls.HALVED, *HERE, "--trials", 6, "--run", path)
        subprocess.run(words, check=True, capture_output=True)
        return path

    @pytest.mark.parametrize("words", [(), ("--no-halving",)])
    def test_complete_ones_are_taken(self, halved, tmp_path, nas, words):
        run = Path(shutil.copytree(halved, tmp_path / "run"))
        old = records(run)
        whole = [record for record in old if record.status == "complete"]
        assert 0 < len(whole) < len(old)
        told = nas("search", "--from-run", run, *words, "--trials", 4, "--run", "new")
        assert told.code == 0
        assert f"{len(whole)} of {len(whole)} complete trial" in " ".join(
            told.out.split()
        )
        found = records(Path("new"))
        assert len(found) == len(whole) + 4
        assert [r.accuracy for r in found[: len(whole)]] == [r.accuracy for r in whole]
        config = RunFolder(Path("new")).config()
        assert config.halving == (not words)
        if words:
            assert all(record.status == "complete" for record in found)
        assert nas("resume", "new").code == 0
        assert records(Path("new")) == found
