"""Retraining as a user types it, from a run that was really searched for."""

import json
import re
import shutil
from pathlib import Path
from statistics import fmean

import pytest
from hparams_table import hparams_table
from made_run import make_run

from nas.__main__ import main
from nas.nn.cost import num_params
from nas.retraining import Protocol
from nas.run import Run
from nas.search.retrain_files import read_retrained

GUIDE = Path(__file__).parents[2] / "docs" / "retraining.md"
HERE = ("--seeds", "2", "--epochs", "1")


@pytest.fixture(scope="module")
def retrained(tmp_path_factory) -> Path:
    """A small run, retrained beside a known network; nobody may change it."""
    path = tmp_path_factory.mktemp("runs") / "retrained"
    small = ["--space", "minimal", "--max-params", "6k", "--epochs", "1"]
    small += ["--workers", "0", "--run", str(path)]
    assert main(["search", "--trials", "3", *small]) == 0
    options = ["--with", "resnet20@front,dla_small@5k", "--seeds", "2"]
    assert main(["retrain", str(path), *options]) == 0
    return path


@pytest.fixture
def copied(retrained, tmp_path) -> Path:
    return Path(shutil.copytree(retrained, tmp_path / "copied"))


def rows(path: Path) -> list[dict]:
    data = json.loads((path / "report" / "retrain.json").read_text())
    return data[Protocol().folder]["networks"]


def test_front_and_known_networks_stand_in_one_table(nas, retrained):
    outcome = nas("report", retrained)
    assert outcome.code == 0
    run = Run(retrained)
    front = [f"trial-{record.trial}" for record in run.front]
    names = {row["name"] for row in rows(retrained)}
    sizes = sorted(record.params for record in run.front)
    assert names == {*front, "dla_small@5k", *(f"resnet20@{n}" for n in sizes)}
    assert "Retrained: accuracy on the 359 test images" in outcome.out
    for row in rows(retrained):
        assert re.search(rf"^ *{re.escape(row['name'])} ", outcome.out, re.MULTILINE)
        assert set(row["reached"]) == {"1", "2"}
        assert row["epochs"] == 1
    assert "At 5k parameters: " in outcome.out
    assert "paired t-test" in outcome.out
    for name in ("retrain.csv", "retrain.png"):
        assert (retrained / "report" / name).stat().st_size > 100


def test_known_networks_have_the_trials_sizes(retrained):
    (several,) = read_retrained(Run(retrained).folder).values()
    for each in several:
        if (target := each.contender.target) is not None:
            assert 0.8 * target < num_params(each.contender.architecture) <= target


def test_json_has_it_too(nas, retrained):
    outcome = nas("report", retrained, "--json")
    found = json.loads(outcome.out)["retrained"][Protocol().folder]
    assert found["test_images"] == 359
    assert found["networks"] == rows(retrained)


def test_the_same_again_trains_nothing(nas, copied):
    before = {p: p.stat().st_mtime_ns for p in copied.glob("retrain/*/*/*/*")}
    outcome = nas("retrain", copied, "--seeds", "2", "--with", "dla_small@5k")
    assert outcome.code == 0
    assert "finished already" in outcome.out
    assert {p: p.stat().st_mtime_ns for p in copied.glob("retrain/*/*/*/*")} == before


def test_other_epochs_are_another_comparison(nas, copied):
    best = Run(copied).best().trial
    outcome = nas(
        "retrain", copied, "--trials", "best", "--seeds", "1", "--epochs", "2"
    )
    assert outcome.code == 0
    assert f"[1/1] trial-{best}, seed 1: " in outcome.out
    assert "Retrained, 2 epochs: accuracy on the 359 test images" in outcome.out
    protocols = list(read_retrained(Run(copied).folder))
    assert protocols == [Protocol(), Protocol(epochs=2)]
    # Epochs that are the recipe's anyway are the comparison that there is.
    assert nas("retrain", copied, *HERE).code == 0
    assert list(read_retrained(Run(copied).folder)) == protocols


def test_on_all_but_the_test_images(nas, copied):
    outcome = nas("retrain", copied, "--trials", "0", "--use-validation", *HERE)
    assert outcome.code == 0
    assert "Retrained, validation images trained on: " in outcome.out
    own = Protocol(use_validation=True)
    (each,) = read_retrained(Run(copied).folder)[own]
    assert all(training.curve == () for training in each.trainings)
    assert all(training.tested.images == 359 for training in each.trainings)


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--with", "resnet"], "unknown network 'resnet': did you mean 'resnet"),
        (["--with", "resnet20@x"], "what stands behind @ must be a size or 'front'"),
        (["--with", "resnet20@10"], "resnet20@10 cannot be had: it has"),
        (
            ["--with", "resnet20,"],
            "must be names with commas between them; got 'resnet20,'",
        ),
        (["--with", "resnet18"], "resnet18 cannot take these images: blocks[2].stride"),
        (["--trials", "font"], "must be front, best or numbers of trials; got 'font'"),
        (["--trials", "1,x"], "must be front, best or numbers of trials; got '1,x'"),
        (["--trials", "9"], "has no finished trial 9; it has 0 to 2"),
        (["--seeds", "100000000"], "seeds must be from 1 to 1000; got 100000000"),
        (["--seeds", "0"], "greater than or equal to 1"),
        (["--epochs", "0"], "greater than or equal to 1"),
    ],
)
def test_bad_input_is_one_line(nas, retrained, argv, complaint):
    outcome = nas("retrain", retrained, *argv)
    assert outcome.code == 2
    assert complaint in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_trial_that_failed(nas, folder):
    make_run(folder / "run", [0.5, None])
    outcome = nas("retrain", "run", "--trials", "1")
    assert outcome.code == 2
    assert outcome.error == (
        "nas: error: trial 1 failed (RuntimeError: out of luck); choose other --trials"
    )
    make_run(folder / "none", [None])
    outcome = nas("retrain", "none")
    assert outcome.error == (
        "nas: error: none has no complete trial; continue it with 'nas resume'"
    )
    assert nas("retrain", "nowhere").code == 2


def test_a_contender_is_a_row_in_tensorboard_with_the_mean_of_its_seeds(retrained):
    _, table = hparams_table(retrained)
    shown = {
        row["name"]: row["hparam/test_accuracy"]
        for row in table
        if "hparam/test_accuracy" in row
    }
    folder = f"retrain/{Protocol().folder}"
    assert shown == {
        f"{folder}/{row['name']}": pytest.approx(fmean(row["reached"].values()))
        for row in rows(retrained)
    }


def test_the_guide_names_options_that_there_are(nas):
    text = GUIDE.read_text()
    told = nas("retrain", "--help").out
    lines = re.findall(r"^nas retrain (.*?)#", text, re.MULTILINE)
    assert len(lines) == 4
    for option in re.findall(r"--[a-z-]+", " ".join(lines)):
        assert option in told


class TestExport:
    """What was retrained is what is exported."""

    def test_the_first_seed_unless_another_is_asked_for(self, nas, retrained, folder):
        trial = Run(retrained).best().trial
        tested = {row["name"]: row["reached"] for row in rows(retrained)}
        own = tested[f"trial-{trial}"]
        for seed, number in ((None, "1"), ("2", "2")):
            asked = [] if seed is None else ["--seed", seed]
            outcome = nas("export", retrained, "--to", f"out{seed}", *asked)
            assert outcome.code == 0
            assert f"{100 * own[number]:.2f} % on the test split" in outcome.out
            card = (folder / f"out{seed}" / "model_card.md").read_text()
            assert f"| test, this model | {self.seed(retrained, number)} |" in card
            assert f"nas retrain {retrained}" in card
            weights = retrained.glob(f"retrain/*/trial-{trial}/{number}/*.safetensors")
            exported = folder / f"out{seed}" / "model.safetensors"
            assert exported.read_bytes() == next(weights).read_bytes()

    def seed(self, path, number) -> int:
        (result, *_) = path.glob(f"retrain/*/trial-*/{number}/result.json")
        return json.loads(result.read_text())["seed"]

    def test_the_weights_of_the_search_on_request(self, nas, retrained, folder):
        outcome = nas("export", retrained, "--seed", "0", "--to", "out")
        assert outcome.code == 0
        assert "validation accuracy" in outcome.out
        run = Run(retrained)
        searched = run.folder.weights_path(run.best().trial).read_bytes()
        assert (folder / "out" / "model.safetensors").read_bytes() == searched
        assert "test split" not in (folder / "out" / "model.py").read_text()

    def test_a_known_network(self, nas, retrained, folder):
        outcome = nas("export", retrained, "--network", "dla_small@5k", "--to", "out")
        assert outcome.code == 0
        assert outcome.out.startswith("dla_small@5k, retrained: 4,735 parameters, ")
        card = (folder / "out" / "model_card.md").read_text()
        assert r"It is dla\_small\@5k of " in card

    @pytest.mark.parametrize(
        ("argv", "complaint"),
        [
            (["--seed", "3"], "has no training of seed 3 in "),
            (["--network", "resnet20"], "resnet20 was not retrained in "),
            (["--network", "dla_small@5k", "--seed", "0"], "--seed 0 is the search's"),
            (["--network", "dla_small@5k", "--trial", "0"], "give one"),
        ],
    )
    def test_what_there_is_not(self, nas, retrained, folder, argv, complaint):
        outcome = nas("export", retrained, "--to", "out", *argv)
        assert outcome.code == 2
        assert complaint in outcome.err
        assert len(outcome.err.splitlines()) == 1
        assert not (folder / "out").exists()

    def test_the_batches_that_memory_sufficed_for(self, nas, copied, folder):
        trial = Run(copied).best().trial
        (path,) = copied.glob(f"retrain/*/trial-{trial}/1/result.json")
        data = json.loads(path.read_text()) | {"batch_size": 32}
        path.write_text(json.dumps(data))
        assert nas("export", copied, "--to", "out").code == 0
        assert "BATCH_SIZE = 32\n" in (folder / "out" / "train.py").read_text()
        assert nas("export", copied, "--seed", "2", "--to", "other").code == 0
        assert "BATCH_SIZE = 64\n" in (folder / "other" / "train.py").read_text()

    def test_torn_weights(self, nas, copied, folder):
        trial = Run(copied).best().trial
        (weights,) = copied.glob(f"retrain/*/trial-{trial}/1/*.safetensors")
        whole = weights.read_bytes()
        weights.write_bytes(whole[:-4] + b"abcd")
        outcome = nas("export", copied, "--to", "out")
        assert outcome.code == 2
        assert "their checksum differs; the same 'nas retrain' again" in outcome.err
        outcome = nas("retrain", copied, "--seeds", "2", "--with", "dla_small@5k")
        assert f"[1/1] trial-{trial}, seed 1: " in outcome.out
        assert weights.read_bytes() == whole
        assert nas("export", copied, "--to", "out").code == 0


def test_in_integers(nas, copied):
    argv = ("retrain", copied, "--trials", "best", "--seeds", "1", "--quantize", "int8")
    outcome = nas(*argv)
    assert outcome.code == 0, outcome.err
    assert "In 8-bit integers" in outcome.out
    assert "[int8 2/2] trial-" in outcome.out
    trial = f"trial-{Run(copied).best().trial}"
    (row,) = [row for row in rows(copied) if row["name"] == trial]
    (weights,) = copied.glob(f"retrain/*/{trial}/1/*.safetensors")
    assert row["num_bytes"] == weights.stat().st_size
    assert row["quantized_bytes"] > 0
    lost = [row["reached"][n] - row["quantized"][n] for n in ("1", "2")]
    assert row["int8_lost"] == pytest.approx(sum(lost) / 2)
    assert abs(row["int8_lost"]) < 0.1
    kept, _ = copied.glob("retrain/*/*/*/int8.json")
    before = kept.stat().st_mtime_ns
    assert "[int8" not in nas(*argv).out
    assert kept.stat().st_mtime_ns == before
    kept.write_text("{}")
    assert nas("report", copied).code == 2
    assert "int8.json could not be read" in nas("repair", copied).out
    assert "[int8 1/1] trial-" in nas(*argv).out
    outcome = nas("retrain", copied, "--quantize", "int4")
    assert outcome.error == "nas: error: quantize must be int8; got 'int4'"
