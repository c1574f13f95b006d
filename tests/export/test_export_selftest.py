"""An export's own test passes where nas is not, and fails when the model is another."""

import os
import shutil
import subprocess
import sys

import pytest
import torch
from made_package import made_package, trained
from safetensors.torch import load_file, save_file

from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Concat,
    Conv,
    Hierarchical,
    Inverted,
    StemConv,
    Sum,
)
from nas.arch.reference import REFERENCES
from nas.export import write
from nas.export.selftest import IMAGES, TOLERANCE
from nas.export.standalone import pattern
from nas.nn.build import build

ARCHITECTURE = Architecture(
    input_shape=(3, 16, 12),
    num_classes=41,
    stem=(StemConv(width=6),),
    blocks=(
        Block(aggregation=Sum(), unit=Basic(), depth=2, width=8),
        Block(aggregation=Concat(growth=4), unit=Conv(), depth=2, width=8, stride=2),
        Block(aggregation=Hierarchical(), unit=Inverted(), depth=2, width=8, stride=2),
    ),
    fusion="concat",
    aux=(AuxHead(after=1),),
    dropout=0.5,
)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """The folder of an export; nobody may change it."""
    root = tmp_path_factory.mktemp("selftest")
    package = made_package(ARCHITECTURE, root / "weights.safetensors")
    trained(package)
    write(root / "out", package)
    return root / "out"


@pytest.fixture
def copy(export, tmp_path):
    return shutil.copytree(export, tmp_path / "copy")


def run(folder, *args):
    """Run something in a folder where nas cannot be imported."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    (folder / "nas.py").write_text("raise ImportError('nas')")
    return subprocess.run(
        [sys.executable, *args], cwd=folder, env=env, capture_output=True, text=True
    )


def test_it_passes_as_a_program(copy):
    done = run(copy, "test_model.py")
    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr


def test_it_passes_under_pytest(copy):
    done = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def _other_weights(folder):
    path = folder / "model.safetensors"
    weights = load_file(path)
    weights["stem.0.weight"][0, 0, 0, 0] += 0.05
    save_file(weights, path)


def _other_code(old, new):
    def change(folder):
        text = (folder / "model.py").read_text()
        assert old in text
        (folder / "model.py").write_text(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        (_other_weights, "FAIL: test_logits"),
        (
            _other_code("build(path=path).eval()", "build(path=path)"),
            "test_it_is_ready",
        ),
        (_other_code("y = y + residual", "y = y - residual"), "FAIL: test_logits"),
        (
            _other_code("x.mean(dim=(2, 3))", "x.mean(dim=(0, 2, 3))[None]"),
            "FAIL: test_the_other_images",
        ),
        (_other_code("network.head = Head(", "Head("), "FAIL: test_other_classes"),
    ],
    ids=["weights", "training mode", "code", "batches", "head"],
)
def test_it_fails_when_the_model_is_another(copy, change, failed):
    change(copy)
    done = run(copy, "test_model.py")
    assert done.returncode == 1
    assert failed in done.stderr


@pytest.mark.parametrize("args", [("check",), ("format", "--check", "--diff")])
@pytest.mark.parametrize("inside", [True, False])
def test_ruff_finds_nothing_wherever_it_is_called(export, args, inside):
    folder = export if inside else export.parent
    command = ["-m", "ruff", *args, "--isolated", "--no-cache", "."]
    if args == ("check",):
        command += ["--extend-select", "I,D,B,N,UP,PT"]
        command += ["--ignore", "D107,D203,D213,D413"]
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_images_are_the_same_everywhere():
    images = pattern(2, (1, 2, 3))
    level = [
        [i * 2654435761 // 2**24 % 256 for i in range(6 * n, 6 * n + 6)] for n in (0, 1)
    ]
    assert (images * 255).round().int().flatten(1).tolist() == level
    many = pattern(IMAGES, (3, 64, 64))
    assert 0.45 < many.mean() < 0.55
    assert 0.25 < many.std() < 0.33


@pytest.mark.parametrize("name", ["resnet20", "resnet56", "densenet_bc_100_12"])
def test_rounding_is_far_below_the_tolerance(name):
    architecture = REFERENCES[name]((3, 32, 32), 10)
    network = build(architecture, seed=1).eval()
    images = pattern(IMAGES, (3, 32, 32))
    with torch.inference_mode():
        found = network(images)
        exact = network.double()(images.double())
    error = (found - exact).abs().max() / exact.abs().max().clamp(min=1)
    assert error < TOLERANCE / 10
