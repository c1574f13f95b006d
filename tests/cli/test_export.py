"""What ``nas export`` writes, and that it is what was trained."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from made_run import make_run

from nas.arch.reference import REFERENCES
from nas.data import load
from nas.nn.cost import num_params
from nas.run import Run

FILES = {
    "architecture.svg",
    "model.py",
    "model.safetensors",
    "model_card.md",
    "test_model.py",
    "train.py",
}

ACCURACY = """
import json, runpy, sys
import numpy as np, torch

sys.modules["nas"] = None
data = np.load("validation.npz")
images = torch.from_numpy(data["images"]) / 255
labels = torch.from_numpy(data["labels"])
found = []
for folder in sys.argv[1:]:
    network = runpy.run_path(folder + "/model.py")["load"]()
    with torch.inference_mode():
        hits = network(images).argmax(dim=1) == labels
    found.append(int(hits.sum()) / len(labels))
print(json.dumps(found))
"""


def alone(*args, cwd):
    """Run Python in a folder where nas cannot be found."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *args], cwd=cwd, env=env, capture_output=True, text=True
    )


def test_the_recorded_accuracies_to_the_last_digit(nas, finished, folder):
    validation = load("digits").validation
    np.savez("validation.npz", images=validation.images, labels=validation.labels)
    records = Run(finished).records
    for record in records:
        options = ["--trial", record.trial, "--to", record.trial]
        assert nas("export", finished, *options).code == 0
    names = [str(record.trial) for record in records]
    done = alone("-c", ACCURACY, *names, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [record.accuracy for record in records]
    assert len(set(json.loads(done.stdout))) > 1


class TestExport:
    def test_the_best_trial_into_the_run(self, nas, finished, tmp_path):
        copy = tmp_path / "copy"
        shutil.copytree(finished, copy)
        best = Run(copy).best()
        outcome = nas("export", copy)
        assert outcome.code == 0
        model = copy / "export" / f"trial-{best.trial}" / "model.py"
        assert outcome.out.splitlines()[-1] == str(model)
        assert f"trial {best.trial}: {100 * best.accuracy:.2f} %" in outcome.out
        assert {p.name for p in model.parent.iterdir()} == FILES

    def test_a_trial_into_a_folder(self, nas, finished, folder):
        outcome = nas("export", finished, "--trial", "1", "--to", "out")
        assert outcome.code == 0
        assert outcome.out.splitlines()[-1] == "out/model.py"
        text = (folder / "out" / "model.py").read_text()
        record = Run(finished).trial(1)
        assert f"{record.params:,}" in text
        alone = "import sys; sys.modules['nas'] = None; import model; model.load()"
        subprocess.run(
            [sys.executable, "-P", "-c", f"import sys; sys.path[0:0] = ['.']; {alone}"],
            cwd=folder / "out",
            check=True,
        )

    def test_a_folder_that_holds_something_is_left_alone(self, nas, finished, folder):
        (folder / "out").mkdir()
        (folder / "out" / "model.py").write_text("mine")
        outcome = nas("export", finished, "--to", "out")
        assert outcome.code == 2
        assert "out is not empty" in outcome.err
        assert [p.name for p in (folder / "out").iterdir()] == ["model.py"]
        assert (folder / "out" / "model.py").read_text() == "mine"

    def test_the_best_under_a_size(self, nas, finished, folder):
        records = sorted(Run(finished).records, key=lambda record: record.params)
        size = records[1].params
        expected = max(records[:2], key=lambda record: record.accuracy)
        outcome = nas("export", finished, "--max-params", size, "--to", "out")
        assert outcome.code == 0
        assert outcome.out.startswith(f"trial {expected.trial}: ")

    def test_its_card_tells_where_it_is_from(self, nas, finished, folder):
        nas("export", finished, "--trial", "1", "--to", "out")
        card = (folder / "out" / "model_card.md").read_text()
        record = Run(finished).trial(1)
        assert f"{100 * record.accuracy:.2f} % on the validation split" in card
        assert "1,151 images were trained on, 287 others told networks apart" in card
        assert "2 epochs, batches of 64, sgd with a one-cycle schedule" in card
        assert f"nas export {finished} --trial 1" in card
        assert "torch 2." in card

    def test_its_own_test_passes(self, nas, finished, folder):
        nas("export", finished, "--to", "out")
        done = alone("test_model.py", cwd=folder / "out")
        assert done.returncode == 0, done.stderr


class TestKnownNetwork:
    def test_untrained(self, nas, folder):
        options = ["--input", "1x16x16", "--classes", "5", "--to", "out"]
        outcome = nas("export", "resnet20", *options)
        assert outcome.code == 0
        size = num_params(REFERENCES["resnet20"]((1, 16, 16), 5))
        assert outcome.out.splitlines() == [
            f"resnet20: untrained, {size:,} parameters",
            "out/model.py",
        ]
        assert {p.name for p in (folder / "out").iterdir()} == FILES - {"train.py"}

    def test_a_run_of_that_name_goes_first(self, nas, folder):
        make_run(folder / "resnet20", [0.5])
        outcome = nas("export", "resnet20", "--to", "out")
        assert outcome.code == 2
        assert "trial 0 has no weights" in outcome.err

    def test_another_folder_of_that_name_does_not(self, nas, folder):
        (folder / "resnet20").mkdir()
        outcome = nas("export", "resnet20", "--input", "1x8x8", "--to", "resnet20")
        assert outcome.code == 0


BAD = {
    "no folder": (["resnet20"], "an export of resnet20 needs a folder; add --to"),
    "a trial of a network": (
        ["resnet20", "--trial", "1", "--to", "out"],
        "choose among what a run has trained; resnet20 is a network",
    ),
    "a typing error": (
        ["resnet21", "--to", "out"],
        "unknown run or network 'resnet21': did you mean 'resnet20'?",
    ),
    "images too small": (
        ["resnet20", "--input", "3x2x2", "--to", "out"],
        "stride must be 1, because a 3x2x2 image is down to 1x1 there",
    ),
    "one class": (["resnet20", "--classes", "1", "--to", "out"], "--classes"),
    "no run and no network": (["nowhere"], "no run at nowhere"),
    "a name as no folder has": (["x" * 300], "File name too long"),
    "classes of a run": (["run", "--classes", "3"], "for a known network"),
    "images of a run": (["run", "--input", "1x8x8"], "for a known network"),
    "a target as no folder has": (
        ["resnet20", "--to", "x" * 300],
        "cannot be written: File name too long; name another folder",
    ),
    "a target where none can be": (
        ["resnet20", "--to", "/proc/out"],
        "/proc/out: cannot be written: No such file or directory; name another folder",
    ),
    "a target that is a file": (["resnet20", "--to", "file"], "file is a file"),
    "a target in a file": (["resnet20", "--to", "file/out"], "file is a file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(nas, folder, case):
    argv, reason = BAD[case]
    (folder / "file").write_text("mine")
    outcome = nas("export", *argv)
    assert outcome.code == 2
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("nas: error: ")
    assert reason in line
    assert [path.name for path in folder.iterdir()] == ["file"]
