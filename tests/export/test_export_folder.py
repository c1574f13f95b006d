"""An export is whole or not there, and overwrites nothing."""

import pytest
import torch
from safetensors.torch import save_file

from nas.arch import Architecture, Basic, Block, StemConv, Sum
from nas.errors import RunError
from nas.export import ModelFacts, write
from nas.nn.build import build
from nas.records import Recipe

ARCHITECTURE = Architecture(
    input_shape=(1, 4, 4),
    num_classes=2,
    stem=(StemConv(width=3),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=4),),
)
FACTS = ModelFacts(
    name="m", data="d", accuracy=0.5, recipe=Recipe(), seed=0, origin="trial 1 of r"
)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "trained.safetensors"
    save_file(build(ARCHITECTURE, (0.5,), (0.25,), seed=0).state_dict(), path)
    return path


def export(folder, weights):
    return write(folder, ARCHITECTURE, (0.5,), (0.25,), ("no", "yes"), weights, FACTS)


def test_the_folder_holds_the_model_and_a_copy_of_its_weights(tmp_path, weights):
    folder = tmp_path / "new" / "export"
    assert export(folder, weights) == folder / "model.py"
    assert sorted(p.name for p in folder.iterdir()) == ["model.py", "model.safetensors"]
    assert (folder / "model.safetensors").read_bytes() == weights.read_bytes()


def test_an_empty_folder_may_be_there_already(tmp_path, weights, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    assert export(tmp_path / "out", weights).is_file()


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path, weights):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "model.py").write_text("mine")
    with pytest.raises(RunError, match=r"is not empty.*name a new folder"):
        export(folder, weights)
    assert [p.read_text() for p in folder.iterdir()] == ["mine"]


def test_a_file_is_no_folder(tmp_path, weights):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(RunError, match="is a file"):
        export(tmp_path / "out", weights)
    with pytest.raises(RunError, match="cannot be written: Not a directory"):
        export(tmp_path / "out" / "deeper", weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s | {"head.fc.bias": torch.zeros(3)}, "head.fc.bias is 3, not 2"),
        (lambda s: s | {"aux": torch.zeros(1)}, "aux is 1, not absent"),
        (lambda s: {k: v for k, v in s.items() if "fc.b" not in k}, "is absent, not 2"),
    ],
)
def test_the_weights_of_another_network_are_refused(tmp_path, weights, change, message):
    save_file(change(build(ARCHITECTURE).state_dict()), weights)
    with pytest.raises(RunError, match=message):
        export(tmp_path / "out", weights)
    assert not (tmp_path / "out").exists()


def test_weights_that_cannot_be_read_are_refused(tmp_path, weights):
    weights.write_bytes(b"no weights")
    with pytest.raises(RunError, match=r"not a \.safetensors file"):
        export(tmp_path / "out", weights)
    with pytest.raises(RunError, match="cannot be read: no such file"):
        export(tmp_path / "out", tmp_path / "nowhere")


def test_nothing_stays_behind_when_the_written_model_does_not_load(
    tmp_path, weights, monkeypatch
):
    monkeypatch.setattr("nas.export.folder.source", lambda *_: "load = None")
    with pytest.raises(TypeError):
        export(tmp_path / "out", weights)
    assert not (tmp_path / "out").exists()
