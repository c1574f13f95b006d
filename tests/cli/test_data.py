"""`nas data`, and what `nas search` makes of its options about data."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from rich.console import Console

from nas.cli.facts import facts_view
from nas.cli.grammar import SOURCES
from nas.cli.reading import Reading
from nas.data import load, sheet_folder
from nas.data.facts import Baseline, DataFacts
from nas.data.sources import FORMS
from nas.records import Recipe
from nas.run import Run


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def uneven(folder):
    """A source whose class 0 is nine times as large as class 1; colours tell them."""
    rng = np.random.default_rng(0)
    labels = np.array([0] * 180 + [1] * 20)
    images = rng.integers(0, 128, (200, 8, 12, 3), dtype=np.uint8)
    images[labels == 1, :, :, 0] += 100
    np.savez(folder / "uneven.npz", x=images, y=labels)
    return "uneven.npz"


def made(num_classes=3, counts=None, **changes):
    counts = counts or (10,) * num_classes
    baseline = Baseline(accuracy=0.5, balanced_accuracy=0.25, train=5, validation=6)
    values = {
        "name": "things",
        "classes": tuple(f"class {i}" for i in range(num_classes)),
        "shape": (3, 16, 16),
        "train": sum(counts),
        "fitted": sum(counts) - 10,
        "validation": 10,
        "test": 20,
        "counts": {"train": counts, "validation": counts, "test": counts},
        "given": {},
        "duplicates": {},
        "unreadable": 0,
        "warnings": (),
        "mean": (0.5,) * 3,
        "std": (0.2,) * 3,
        "baselines": {"majority": baseline, "linear": baseline},
    }
    return DataFacts(**(values | changes))


def shown(facts, recipe=None):
    console = Console(file=io.StringIO(), width=110)
    console.print(facts_view(facts, recipe or Recipe()), highlight=False)
    return console.file.getvalue()


class TestData:
    def test_it_describes_a_source(self, nas):
        outcome = nas("data", "digits")
        assert (outcome.code, outcome.err) == (0, "")
        lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
        assert lines[0] == "digits: 1,797 images of 1x8x8, grey, 10 classes"
        assert (
            "training 1,438 made from the 1,797 images given; "
            "candidates learn from 1,151 of them"
        ) in lines
        assert "validation 287 held out from the training images" in lines
        assert "139 to 146 training images in every class" in outcome.out
        assert "duplicates none between splits" in lines
        assert "augmentation none, images are not mirrored (--augment, --flip)" in lines

    def test_as_json(self, nas, uneven):
        outcome = nas("data", uneven, "--json")
        assert (outcome.code, outcome.err) == (0, "")
        data = json.loads(outcome.out)
        assert {"classes", "train", "validation", "test", "shape"} <= set(data)
        assert data["shape"] == [3, 8, 12]
        assert data["train"] + data["test"] == 200
        assert data["fitted"] + data["validation"] == data["train"]
        assert data["imbalance"] > 8
        assert data["baselines"]["majority"]["balanced_accuracy"] == 0.5
        assert data["baselines"]["linear"]["accuracy"] > 0.9

    def test_it_draws_a_sheet_and_writes_nothing_else(self, nas, folder):
        outcome = nas("data", "digits", "--sheet", "digits.png")
        assert outcome.out.splitlines()[-1] == "sheet  digits.png"
        assert [path.name for path in folder.iterdir()] == ["digits.png"]
        assert not sheet_folder().exists()
        with Image.open(folder / "digits.png") as sheet:
            assert sheet.format == "PNG"
            assert sheet.width > 1000

    def test_without_a_place_the_sheet_goes_to_the_cache(self, nas, folder):
        outcome = nas("data", "digits")
        word, path = outcome.out.splitlines()[-1].split("  ")
        assert word == "sheet"
        assert Path(path).parent == sheet_folder()
        with Image.open(path) as sheet:
            assert sheet.format == "PNG"
        assert list(folder.iterdir()) == []

    def test_a_cache_that_cannot_be_written(self, nas, folder, monkeypatch):
        (folder / "file").touch()
        monkeypatch.setenv("NAS_CACHE_DIR", str(folder / "file"))
        outcome = nas("data", "digits")
        assert outcome.code == 0
        assert "not drawn" in outcome.out.splitlines()[-1]
        assert "use --sheet FILE.png" in outcome.out.splitlines()[-1]

    def test_its_help_has_every_form_of_a_source(self, nas):
        text = nas("data", "--help").out
        lines = [" ".join(line.split()) for line in text.splitlines()]
        for form in FORMS:
            assert any(line.startswith(f"{form} ") for line in lines), form
        assert {form for form, _ in SOURCES} == set(FORMS)

    @pytest.mark.parametrize(
        ("argv", "says"),
        [
            (["digit"], "did you mean 'digits'?"),
            (["nowhere/photos"], "nowhere"),
            (
                ["digits", "--sheet", "a.jpg"],
                "--sheet must be a .png file; got 'a.jpg'",
            ),
            (["digits", "--sheet", "no/a.png"], "there is no folder no; make it first"),
            (["digits", "--npz", "a.zip"], "--npz must be a .npz file; got 'a.zip'"),
            (["digits", "--npz", "no/a.npz"], "there is no folder no; make it first"),
            (["digits", "--image-size", "2"], "--image-size"),
            ([], "SOURCE"),
        ],
        ids=" ".join,
    )
    def test_bad_input_is_one_line_and_exit_2(self, nas, folder, argv, says):
        outcome = nas("data", *argv)
        assert (outcome.code, outcome.out) == (2, "")
        (line,) = outcome.err.splitlines()
        assert says in line
        assert list(folder.iterdir()) == []

    def test_a_sheet_that_cannot_be_written(self, nas, folder):
        (folder / "a.png").mkdir()
        outcome = nas("data", "digits", "--sheet", "a.png")
        assert outcome.code == 2
        assert outcome.err.startswith("nas: error: --sheet: a.png cannot be written: ")

    def test_its_splits_as_a_file(self, nas, folder):
        outcome = nas("data", "digits", "--npz", "mine.npz", "--image-size", "6")
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.splitlines()[-1] == "npz    mine.npz"
        wanted, found = load("digits", image_size=6), load("mine.npz")
        assert found.fingerprint == wanted.fingerprint
        outcome = nas("data", "mine.npz", "--npz", "again.npz", "--json")
        assert json.loads(outcome.out)["npz"] == "again.npz"
        assert load("again.npz").fingerprint == wanted.fingerprint

    def test_a_file_that_is_there_stays_as_it_is(self, nas, folder):
        (folder / "mine.npz").write_text("mine")
        outcome = nas("data", "digits", "--npz", "mine.npz")
        assert (outcome.code, outcome.out) == (2, "")
        (line,) = outcome.err.splitlines()
        assert line.endswith(
            "mine.npz is there, and nothing is overwritten; name a new file"
        )
        assert (folder / "mine.npz").read_text() == "mine"


class TestFacts:
    def test_given_splits_are_told_from_made_ones(self):
        text = shown(made(given={"train": 30, "test": 20}))
        lines = [" ".join(line.split()) for line in text.splitlines()]
        assert "training 30 given; candidates learn from 20 of them" in lines
        assert "validation 10 held out from the training images" in lines
        assert "test 20 given" in lines
        text = shown(made(given={"train": 50}))
        lines = [" ".join(line.split()) for line in text.splitlines()]
        assert "test 20 made from the 50 training images given" in lines
        whole = shown(
            made(fitted=30, given={"train": 30, "validation": 10, "test": 20})
        )
        assert whole.count(" given\n") + whole.count(" given ") == 3
        assert "made from" not in whole

    def test_imbalance_comes_with_a_remedy(self):
        text = shown(made(counts=(50, 20, 5)))
        assert "10.0 times the training images of the smallest" in text
        assert "--class-weights and --objective balanced-accuracy" in " ".join(
            text.split()
        )
        assert "--class-weights" not in shown(made(counts=(12, 10, 9)))

    def test_what_is_wrong_is_said(self):
        text = shown(
            made(
                duplicates={"train/test": 3},
                unreadable=2,
                warnings=("[bold]cat.png[/bold] is truncated",),
            )
        )
        assert "3 images in training and test" in text
        assert "2 images, left out" in text
        assert "[bold]cat.png[/bold] is truncated" in text

    def test_of_many_classes_the_largest_and_the_smallest_are_listed(self):
        text = shown(made(num_classes=100, counts=tuple(range(1, 101))))
        assert "... 70 more ..." in text
        for label in (99, 85, 14, 0):
            assert f"class {label} " in text
        for label in (84, 50, 15):
            assert f"class {label} " not in text

    def test_how_it_would_be_trained(self):
        text = shown(made(), Recipe(augment="standard", flip=True))
        assert "standard, images are mirrored at random" in text


class TestSearch:
    SMALL = (
        "--space",
        "minimal",
        "--max-params",
        "5k",
        "--trials",
        "1",
        "--epochs",
        "1",
    )

    def search(self, nas, folder, *options):
        outcome = nas("search", *self.SMALL, "--workers", "0", "--run", "r", *options)
        assert (outcome.code, outcome.err) == (0, "")
        return yaml.safe_load((folder / "r" / "config.yaml").read_text())

    def test_what_suits_the_data_is_written_down(self, nas, folder):
        written = self.search(nas, folder)
        recipe = written["config"]["recipe"]
        assert (recipe["augment"], recipe["flip"]) == ("none", False)
        assert (recipe["class_weights"], recipe["objective"]) == (False, "accuracy")
        assert written["config"]["data_memory"] >= 2**20
        assert written["data"]["baselines"]["linear"]["accuracy"] > 0.9
        assert written["data"]["given"] == {}

    def test_every_option_about_data_has_an_effect(self, nas, folder, uneven):
        written = self.search(
            nas,
            folder,
            *("--data", uneven, "--augment", "standard", "--flip", "--class-weights"),
            *("--objective", "balanced-accuracy", "--image-size", "10"),
            *("--data-memory", "2M"),
        )
        config, recipe = written["config"], written["config"]["recipe"]
        assert (recipe["augment"], recipe["flip"]) == ("standard", True)
        assert recipe["class_weights"] is True
        assert recipe["objective"] == "balanced-accuracy"
        assert (config["image_size"], config["data_memory"]) == (10, 2_000_000)
        assert written["data"]["shape"] == [3, 10, 10]
        # The mean of two classes' accuracies, the smaller of which has three images.
        (record,) = Run(folder / "r").records
        counts = written["data"]["counts"]["validation"]
        steps = record.accuracy * 2 * counts[0] * counts[1]
        assert steps == pytest.approx(round(steps), abs=1e-6)

    def test_resuming_reads_the_data_the_same_way(self, nas, folder, uneven):
        self.search(nas, folder, "--data", uneven, "--image-size", "10")
        outcome = nas("resume", "r", "--trials", "2")
        assert outcome.code == 0
        assert {r.architecture.input_shape for r in Run(folder / "r").records} == {
            (3, 10, 10)
        }

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["--augment", "standart"], "unknown augment 'standart': did you mean"),
            (["--objective", "f1"], "unknown objective 'f1': choose accuracy or"),
            (["--data-memory", "lots"], "got 'lots'; write for example 500M or 2G"),
            (["--data-memory", "1k"], "data_memory must be an integer of at least"),
            (["--image-size", "1"], "--image-size"),
        ],
        ids=" ".join,
    )
    def test_bad_values_are_refused_before_anything_is_read(
        self, nas, folder, monkeypatch, options, says
    ):
        monkeypatch.setattr("nas.api.load", None)
        outcome = nas("search", *options)
        assert outcome.code == 2
        assert says in outcome.err
        assert list(folder.iterdir()) == []


class TestReading:
    def test_it_shows_a_bar_in_a_terminal_and_takes_it_away(self):
        console = Console(file=io.StringIO(), force_terminal=True, width=80)
        with Reading(console) as reading:
            reading(0, 500)
            reading(300, 500)
        text = console.file.getvalue()
        assert "reading images" in text
        assert "300/500" in text
        assert text.endswith("\x1b[2K")  # the line is cleared

    @pytest.mark.parametrize("is_terminal", [True, False])
    def test_it_says_nothing_where_nothing_is_read_or_nobody_looks(self, is_terminal):
        console = Console(file=io.StringIO(), force_terminal=is_terminal, width=80)
        with Reading(console) as reading:
            if not is_terminal:
                reading(300, 500)
        assert "reading" not in console.file.getvalue()

    def test_it_is_told_by_load(self, folder, uneven):
        told = []
        load(uneven, image_size=9, on_progress=lambda *now: told.append(now))
        assert told[-1][0] == told[-1][1] == 200
