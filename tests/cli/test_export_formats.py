"""What ``nas export`` writes in other formats, and what it refuses."""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nas.data import load
from nas.formats import Quantized
from nas.nn.build import build
from nas.run import Run
from nas.train.scored import scored

ALL = ("--onnx", "--torch-export", "--hub", "--quantize", "int8")


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    """The folder of an export in all formats, and what was printed."""
    folder = tmp_path_factory.mktemp("formats") / "out"
    run = Run(finished)
    run.export(folder, run.trial(1), formats=("onnx", "torch-export", "hub", "int8"))
    return folder


def test_all_formats_lie_in_one_folder(exported):
    names = {path.name for path in exported.iterdir()}
    assert names >= {"model.py", "model.safetensors", "README.md", "config.json"}
    assert names >= {"model.onnx", "model.pt2", "model_int8.onnx"}
    assert "model_card.md" not in names


def test_the_model_card_names_the_other_formats(exported):
    card = (exported / "README.md").read_text()
    for name in ("model.onnx", "model.pt2", "model_int8.onnx"):
        assert f"| `{name}` | " in card


def test_the_command_tells_what_the_integers_reach(nas, finished, folder):
    outcome = nas("export", finished, "--trial", 1, "--to", "out", "--quantize", "int8")
    assert outcome.code == 0, outcome.err
    content = (folder / "out" / "model_int8.onnx").read_bytes()
    validation = load("digits").validation
    accuracy = scored(Quantized(content), validation, 10, "accuracy")
    percent = f"{100 * accuracy:.2f} %"
    line = f"model_int8.onnx: {percent} on the validation split, {len(content):,} bytes"
    assert line in outcome.out.splitlines()
    card = (folder / "out" / "model_card.md").read_text()
    assert f"{len(content):,} bytes" in card
    assert f"{percent} accuracy on the validation split" in card
    assert abs(accuracy - Run(finished).trial(1).accuracy) < 0.1


def test_accuracy_is_the_one_that_was_trained_for(finished, exported):
    run = Run(finished)
    record = run.trial(1)
    data = load("digits").for_search()
    network = build(record.architecture, data.mean, data.std)
    from safetensors.torch import load_file

    network.load_state_dict(load_file(exported / "model.safetensors"))
    found = scored(network.eval(), data.validation, 10, "accuracy")
    assert found == record.accuracy
    labels = data.validation.labels
    always = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with torch.no_grad():
        always[1].weight.zero_()
        always[1].bias.copy_(torch.arange(10) == 3)
    assert scored(always, data.validation, 10, "accuracy") == (labels == 3).mean()
    balanced = scored(always, data.validation, 10, "balanced-accuracy")
    assert balanced == pytest.approx(1 / len(np.unique(labels)))


def test_the_guide_shows_what_works(exported, monkeypatch):
    guide = Path(__file__).parents[2] / "docs" / "formats.md"
    text = guide.read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    pytest.importorskip("huggingface_hub")
    monkeypatch.chdir(exported)
    monkeypatch.syspath_prepend(str(exported))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "model", raising=False)
    split = load("digits").validation
    found = []
    for block in blocks:
        names = {"images": split.images[:5].astype(np.float32) / 255}
        exec(compile(block, "formats.md", "exec"), names)
        found.append(names)
    sys.modules.pop("model")
    first, second, third = found
    assert np.abs(first["logits"] - second["logits"].numpy()).max() < 1e-4
    assert first["names"] == [str(i) for i in first["logits"].argmax(axis=1)]
    with torch.inference_mode():
        logits = third["network"](torch.from_numpy(first["images"]))
    assert np.abs(first["logits"] - logits.numpy()).max() < 1e-4
    assert f"nas export RUN {' '.join(ALL)}" in text


def test_the_config_tells_what_the_hub_shows(finished, exported):
    config = json.loads((exported / "config.json").read_text())
    record = Run(finished).trial(1)
    assert config["id2label"] == {str(digit): str(digit) for digit in range(10)}
    assert config["num_params"] == record.params
    assert config["input_shape"] == [1, 8, 8]


def test_a_known_network_in_formats_without_data(nas, folder):
    options = ("--input", "1x8x8", "--classes", 3, "--to", "out")
    outcome = nas("export", "resnet20", *options, "--torch-export", "--hub")
    assert outcome.code == 0, outcome.err
    assert (folder / "out" / "model.pt2").is_file()
    labels = json.loads((folder / "out" / "config.json").read_text())["id2label"]
    assert labels == {"0": "class 0", "1": "class 1", "2": "class 2"}


class TestRefused:
    def refused(self, outcome, folder):
        assert outcome.code == 2
        assert outcome.err.count("\n") == 1
        assert not (folder / "out").exists()
        return outcome.err

    def test_another_number_of_bits(self, nas, finished, folder):
        outcome = nas("export", finished, "--to", "out", "--quantize", "int4")
        assert "--quantize must be int8; got 'int4'" in self.refused(outcome, folder)

    def test_integers_of_an_untrained_network(self, nas, folder):
        outcome = nas("export", "resnet20", "--to", "out", "--quantize", "int8")
        assert "resnet20 is untrained" in self.refused(outcome, folder)

    @pytest.mark.parametrize("options", [("--onnx",), ("--quantize", "int8")])
    def test_packages_that_are_missing(
        self, nas, finished, folder, monkeypatch, options
    ):
        monkeypatch.setattr("nas.formats.packages.find_spec", lambda name: None)
        outcome = nas("export", finished, "--to", "out", *options)
        assert "pip install 'nas[onnx]'" in self.refused(outcome, folder)

    def test_data_that_are_gone(self, nas, finished, folder):
        self.move_data(finished, folder, "nowhere.npz")
        outcome = nas("export", "run", "--to", "out", "--quantize", "int8")
        error = self.refused(outcome, folder)
        assert "int8 needs the images that run has trained on: " in error
        assert nas("export", "run", "--to", "out").code == 0

    def test_data_that_are_others(self, nas, finished, folder):
        images = np.random.default_rng(0).integers(0, 256, (90, 8, 8), dtype=np.uint8)
        np.savez("other.npz", images=images, labels=np.arange(90) % 10)
        self.move_data(finished, folder, str(folder / "other.npz"))
        outcome = nas("export", "run", "--to", "out", "--quantize", "int8")
        assert outcome.code == 2
        assert "training images" in outcome.err
        assert not (folder / "out").exists()

    def move_data(self, finished, folder, source):
        shutil.copytree(finished, folder / "run")
        path = folder / "run" / "config.yaml"
        text = path.read_text()
        assert text.count("data: digits\n") == 1
        path.write_text(text.replace("data: digits\n", f"data: {source}\n"))
