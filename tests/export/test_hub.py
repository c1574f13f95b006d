"""A folder that the Hugging Face hub takes as it is, without asking the hub."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from made_package import made_package, trained

from nas.arch import Architecture, Block, StemConv, Sum, from_json
from nas.arch.units import Basic
from nas.export import HUB_CARD, STEPS, write

ARCHITECTURE = Architecture(
    input_shape=(3, 9, 9),
    num_classes=3,
    stem=(StemConv(width=4),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=8, stride=2),),
)

PROGRAM = """
import sys
sys.modules["nas"] = None
import torch
from huggingface_hub import ModelCard, PyTorchModelHubMixin
from model import Network

class OnHub(Network, PyTorchModelHubMixin):
    pass

network = OnHub.from_pretrained(".", strict=True)
assert not network.training
torch.save(network(torch.load("../images.pt")), "../logits.pt")
card = ModelCard.load("README.md")
assert card.data.library_name == "pytorch", card.data
assert card.data.pipeline_tag == "image-classification", card.data
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = made_package(ARCHITECTURE, tmp_path / "w", ["a", '"', "\ud800"])
    network = trained(package)
    images = torch.rand(2, *ARCHITECTURE.input_shape)
    torch.save(images, tmp_path / "images.pt")
    with torch.inference_mode():
        torch.save(network(images), tmp_path / "expected.pt")
    write(tmp_path / "out", package, [STEPS["hub"]], HUB_CARD)
    return tmp_path / "out"


def test_the_folder_holds_what_the_hub_asks_for(folder):
    names = {path.name for path in folder.iterdir()}
    assert names >= {"config.json", "model.py", "model.safetensors", "README.md"}
    assert "model_card.md" not in names
    config = json.loads((folder / "config.json").read_bytes())
    assert config["id2label"] == {"0": "a", "1": '"', "2": "\ud800"}
    assert config["num_classes"] == 3
    assert from_json(config["architecture"]) == ARCHITECTURE


def test_the_library_of_the_hub_loads_it(folder):
    pytest.importorskip("huggingface_hub")
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder.parent)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = torch.load(folder.parent / "expected.pt")
    assert torch.equal(torch.load(folder.parent / "logits.pt"), expected)
