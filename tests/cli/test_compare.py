"""Runs compared with each other, as a user types it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from made_run import FACTS, make_run

from nas.comparing import compare_runs
from nas.errors import RunError
from nas.records import Recipe
from nas.run import Run
from nas.search import RunFolder, SearchConfig
from nas.space import SearchSpace

GUIDE = Path(__file__).parents[2] / "docs" / "comparing.md"


def test_the_commands_of_the_guide(nas, folder):
    (commands,) = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    small = ["--space", "minimal", "--max-params", "8k", "--epochs", "1"]
    small += ["--trials", "2", "--workers", "0"]
    for line in commands.splitlines():
        program, command, *words = line.partition("#")[0].split()
        more = small if command == "search" else []
        outcome = nas(command, *words, *more)
        assert (program, outcome.code, outcome.err) == ("nas", 0, ""), line
    assert (folder / "runs/ours/report/compare-random.png").is_file()


def test_everything_is_said(nas, folder):
    make_run(folder / "ours", [0.5, 0.75, None], repeats=3)
    make_run(folder / "theirs", [0.25, 0.8])
    outcome = nas("report", "ours", "--compare", "theirs")
    assert (outcome.code, outcome.err) == (0, "")
    words = " ".join(outcome.out.split())
    found = json.loads(nas("report", "ours", "--compare", "theirs", "--json").out)
    written = json.loads((folder / "ours/report/compare-theirs.json").read_text())
    assert found == written
    (duel,) = found["against"]
    assert duel["verdict"] in words
    for run in found["runs"]:
        assert f"{run['hypervolume']:.4g}" in words
    assert "+25.00" in words
    assert "-5.00" in words
    assert "trials: 3 (ours), 2 (theirs)" in words
    assert "repeats: 3 (ours), 1 (theirs)" in words
    assert words.endswith("picture ours/report/compare-theirs.png")
    assert not (folder / "theirs" / "report").exists()
    assert not (folder / "ours" / "report" / "front.csv").exists()


def test_several_at_once(nas, folder):
    for name in ("one", "two", "three"):
        make_run(folder / name, [0.5, 0.75])
    outcome = nas("report", "one", "--compare", "two", "--compare", "three")
    assert outcome.code == 0
    assert (folder / "one" / "report" / "compare-two-three.png").is_file()
    assert outcome.out.count("cannot be told apart") == 2


def test_runs_of_the_same_name_are_called_by_their_paths(folder):
    make_run(folder / "a" / "run", [0.5])
    make_run(folder / "b" / "run", [0.75])
    found, picture = compare_runs(Path("a/run"), [Path("b/run")])
    assert [side.name for side in found.sides] == ["a/run", "b/run"]
    assert picture == Path("a/run/report/compare-b-run.png")


def test_a_comparison_is_never_overwritten_by_one_with_another_run(folder):
    make_run(folder / "ours", [0.5])
    for place, accuracy in (("a", 0.75), ("b", 0.25)):
        make_run(folder / place / "run", [accuracy])
    written = []
    for place in ("a", "b", "a", "b"):
        _, picture = compare_runs(Path("ours"), [Path(place) / "run"])
        told = json.loads(picture.with_suffix(".json").read_text())
        assert told["runs"][1]["path"] == str(folder / place / "run")
        written.append(picture.name)
    assert written[:2] == written[2:]
    assert written[0] == "compare-run.png"
    assert re.fullmatch(r"compare-run-[0-9a-f]{8}\.png", written[1])
    names = {path.name for path in (folder / "ours" / "report").iterdir()}
    assert len(names) == 4


def test_other_budgets_are_a_reservation(folder):
    make_run(folder / "ours", [0.5])
    make_run(folder / "alike", [0.5])
    make_run(folder / "theirs", [0.5], max_params=9_000)
    found, _ = compare_runs(Path("ours"), [Path("alike")])
    assert not any("Budgets differ" in note for note in found.notes)
    found, _ = compare_runs(Path("ours"), [Path("theirs")])
    (note,) = [note for note in found.notes if note.startswith("Budgets differ")]
    assert "8k to 9k parameters" in note
    assert "up to 8k are fair" in note


def test_random_search_beside_a_search_is_left_out(folder):
    run = make_run(folder / "ours", [0.5, 0.75], baseline="random")
    run.finish_trial(replace(Run(run.path).trial(1), arm="random"))
    make_run(folder / "theirs", [0.6])
    found, _ = compare_runs(Path("ours"), [Path("theirs")])
    assert [len(side.records) for side in found.sides] == [1, 1]
    assert any("Random search beside" in note for note in found.notes)


def test_other_recipes_and_spaces_are_told(folder):
    make_run(folder / "ours", [0.5])
    other = make_run(folder / "theirs", [0.5], recipe=Recipe(epochs=3, flip=True))
    other.space_path.write_text(other.space_path.read_text() + "# changed\n")
    found, _ = compare_runs(Path("ours"), [Path("theirs")])
    assert found.differences == (
        "epochs: 2 (ours), 3 (theirs)",
        "flip: no (ours), yes (theirs)",
        "space: others of the same name",
    )


def made(path: Path, facts=None, fingerprint=None, **config) -> None:
    values = {"space": "minimal", "max_params": 8_000, "device": "cpu", **config}
    RunFolder.create(
        path,
        SearchConfig(**values),
        SearchSpace.load("minimal"),
        FACTS | (facts or {}),
        fingerprint=fingerprint or {"train images": "1", "validation images": "2"},
    )


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"facts": {"shape": [3, 8, 8]}}, "shapes of images: 1x8x8 and 3x8x8"),
        ({"facts": {"classes": ["cat", "dog"]}}, "other classes"),
        ({"facts": {"validation": 99}}, "validation images: 287 and 99"),
        ({"facts": {"mean": [0.5]}}, "other training images"),
        (
            {"fingerprint": {"train images": "1", "validation images": "3"}},
            "other validation images",
        ),
        (
            {"recipe": Recipe(objective="balanced-accuracy")},
            "other accuracies: accuracy and balanced-accuracy",
        ),
        (
            {"objectives": ("accuracy", "macs")},
            "other objectives: accuracy, params and accuracy, macs",
        ),
    ],
)
def test_what_does_not_compare_is_refused(nas, folder, what, said):
    made(folder / "ours")
    made(folder / "theirs", **what)
    outcome = nas("report", "ours", "--compare", "theirs")
    assert (outcome.code, outcome.out) == (2, "")
    assert "ours and theirs cannot be compared, for they have " in outcome.error
    assert said in outcome.error
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["nowhere"], "no run at nowhere"),
        (["ours/../ours"], "--compare: ours/../ours is ours itself"),
        (["theirs", "theirs"], "--compare: theirs is theirs itself"),
        (["theirs"] * 6, "--compare takes at most 5 runs"),
        (["none"], "none of the runs has a complete trial"),
    ],
)
def test_bad_input_is_an_error_of_one_line(nas, folder, others, said):
    make_run(folder / "ours", [None])
    make_run(folder / "theirs", [0.5])
    make_run(folder / "none")
    words = [word for other in others for word in ("--compare", other)]
    outcome = nas("report", "ours", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.error
    assert len(outcome.err.splitlines()) == 1
    assert not (folder / "ours" / "report").exists()


def test_a_run_of_old_is_compared_by_what_it_knows(folder):
    made(folder / "ours")
    made(folder / "theirs")
    (folder / "theirs" / "began.json").unlink()
    with pytest.raises(RunError, match="none of the runs has a complete trial"):
        compare_runs(Path("ours"), [Path("theirs")])


def test_a_folder_that_cannot_be_written_to_is_told(folder):
    make_run(folder / "ours", [0.5])
    make_run(folder / "theirs", [0.5])
    (folder / "ours" / "report").touch()
    with pytest.raises(RunError, match="the report cannot be written"):
        compare_runs(Path("ours"), [Path("theirs")])
