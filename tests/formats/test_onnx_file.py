"""model.onnx: what is in it, and what is refused."""

import json

import onnx
import pytest
import torch
from grammar_networks import CLASSES, SHAPE
from torch import nn

from nas.errors import ConfigError, SpecError
from nas.formats import check_onnx, write_onnx
from nas.formats.adaptive_pool import adaptive_max_pool2d
from nas.formats.onnx_graph import OPSET


def small() -> nn.Module:
    layers = (nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 13 * 11, 3))
    return nn.Sequential(*layers).eval()


def test_it_says_what_goes_in_and_what_comes_out(tmp_path):
    path = tmp_path / "model.onnx"
    write_onnx(small(), SHAPE, CLASSES, path)
    assert [item.name for item in tmp_path.iterdir()] == ["model.onnx"]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [item.version for item in model.opset_import] == [OPSET]
    (images,), (logits,) = model.graph.input, model.graph.output
    assert (images.name, logits.name) == ("images", "logits")
    batch, *shape = images.type.tensor_type.shape.dim
    assert batch.dim_param == "batch"
    assert tuple(dim.dim_value for dim in shape) == SHAPE
    (classes,) = model.metadata_props
    assert classes.key == "classes"
    assert json.loads(classes.value) == list(CLASSES)


def test_it_tells_nothing_about_the_machine_it_was_made_on(tmp_path):
    path = tmp_path / "model.onnx"
    write_onnx(small(), SHAPE, CLASSES, path)
    assert b".py" not in path.read_bytes()


def test_nothing_is_written_of_a_network_that_computes_something_else(tmp_path):
    class Unsteady(nn.Module):
        """Adds what a trace takes for a constant."""

        calls = 0

        def forward(self, images):
            self.calls += 1
            return images.mean(dim=(2, 3)) + self.calls

    with pytest.raises(SpecError, match=r"^model\.onnx computes something else"):
        write_onnx(Unsteady().eval(), SHAPE, CLASSES, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_onnx_does_not_have_is_refused_in_one_line(tmp_path):
    class Odd(nn.Module):
        def forward(self, images):
            return torch.linalg.eigvals(images.mean(dim=1)[:, :13, :13]).real

    with pytest.raises(SpecError, match="cannot be written as ONNX: ") as caught:
        write_onnx(Odd().eval(), SHAPE, CLASSES, tmp_path / "model.onnx")
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(monkeypatch):
    check_onnx("--onnx")
    monkeypatch.setattr(
        "nas.formats.packages.find_spec", lambda name: None if "x" in name else object
    )
    with pytest.raises(ConfigError, match=r"--onnx: onnx and .* pip install 'nas\[on"):
        check_onnx("--onnx")


@pytest.mark.parametrize("size", [(8, 8), (15, 17), (7, 5), (5, 9), (3, 4)])
@pytest.mark.parametrize("target", [(4, 4), (8, 9), (3, 5), (1, 2)])
def test_adaptive_pooling_is_that_of_torch(size, target):
    x = torch.rand(2, 3, *size)
    expected = nn.functional.adaptive_max_pool2d(x, target)
    assert torch.equal(adaptive_max_pool2d(x, list(target))[0], expected)
