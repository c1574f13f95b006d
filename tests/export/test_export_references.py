"""Known networks are exported with fresh weights, and say that they are untrained."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch

from nas.arch.reference import REFERENCES
from nas.errors import ConfigError, SpecError
from nas.export import untrained, write
from nas.nn.build import build
from nas.nn.cost import cost

SHAPE = (3, 64, 64)
CLASSES = 7

CHECK = """
import json, runpy, sys, torch

sys.modules["nas"] = None
images = torch.load("images", weights_only=True)
results = {}
for name in sys.argv[1:]:
    network = runpy.run_path(name + "/model.py")["load"]()
    with torch.inference_mode():
        logits = network(images).tolist()
    results[name] = logits, sum(p.numel() for p in network.parameters())
print(json.dumps(results))
"""


def _images():
    return torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """The folder of all networks, and what each gives where there is no nas."""
    root = tmp_path_factory.mktemp("references")
    for name in REFERENCES:
        write(root / name, untrained(name, SHAPE, CLASSES, folder=root / name))
    torch.save(_images(), root / "images")
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", CHECK, *REFERENCES],
        cwd=root,
        env=env,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    yield root, json.loads(done.stdout)
    shutil.rmtree(root)  # hundreds of megabytes


@pytest.mark.parametrize("name", REFERENCES)
def test_a_known_network_where_nas_cannot_be_imported(name, exports):
    logits, size = exports[1][name]
    architecture = REFERENCES[name](SHAPE, CLASSES)
    with torch.inference_mode():
        expected = build(architecture, seed=0).eval()(_images())
    torch.testing.assert_close(torch.tensor(logits), expected, rtol=1e-6, atol=1e-6)
    assert size == cost(architecture).total.params


@pytest.mark.parametrize("name", ["resnet20", "googlenet"])
def test_its_files_say_that_it_is_untrained(name, exports):
    folder = exports[0] / name
    for file in ("model.py", "model_card.md"):
        text = (folder / file).read_text()
        assert "untrained" in text
        assert "seed 0" in text
        assert "on the validation split" not in text
    card = (folder / "model_card.md").read_text()
    assert "model-index" not in card
    assert f"nas export {name} --input 3x64x64 --classes 7 --to {folder}" in card


def test_by_default_it_is_for_the_images_that_it_is_known_for(tmp_path):
    package = untrained("resnet20", folder=tmp_path)
    assert package.architecture == REFERENCES["resnet20"]((3, 32, 32), 10)
    assert package.classes[-1] == "class 9"


def test_an_unknown_network(tmp_path):
    with pytest.raises(ConfigError, match=r"'resnet21': did you mean 'resnet20'"):
        untrained("resnet21", folder=tmp_path)


def test_images_that_are_too_small_for_it(tmp_path):
    with pytest.raises(SpecError, match="stride"):
        untrained("resnet20", (3, 2, 2), folder=tmp_path)
