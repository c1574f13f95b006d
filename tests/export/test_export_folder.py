"""An export is whole or not there, and overwrites nothing."""

import stat
from dataclasses import replace

import pytest
import torch
from made_package import made_package, trained
from safetensors.torch import save_file

from nas.arch import Architecture, Basic, Block, StemConv, Sum
from nas.errors import RunError, SpecError
from nas.export import write
from nas.nn.build import build

ARCHITECTURE = Architecture(
    input_shape=(1, 4, 4),
    num_classes=2,
    stem=(StemConv(width=3),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=4),),
)
FILES = [
    "architecture.svg",
    "model.py",
    "model.safetensors",
    "model_card.md",
    "test_model.py",
    "train.py",
]


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "trained.safetensors"
    trained(made_package(ARCHITECTURE, path))
    return path


def export(folder, weights, *steps):
    return write(folder, made_package(ARCHITECTURE, weights), steps)


def test_the_folder_holds_the_model_and_a_copy_of_its_weights(tmp_path, weights):
    folder = tmp_path / "new" / "export"
    assert export(folder, weights) == folder / "model.py"
    assert sorted(p.name for p in folder.iterdir()) == FILES
    assert (folder / "model.safetensors").read_bytes() == weights.read_bytes()
    assert not list(tmp_path.glob("**/.draft*"))


def test_others_may_read_what_they_may_read_of_any_new_file(tmp_path, weights):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "file").touch()
    package = made_package(ARCHITECTURE)
    fresh = replace(package, weights=None, facts=replace(package.facts, recipe=None))
    write(tmp_path / "fresh", fresh)
    export(tmp_path / "own", weights)

    def mode(name):
        return stat.S_IMODE((tmp_path / name).stat().st_mode)

    for folder in ("own", "fresh"):
        assert mode(folder) == mode("plain")
        files = [path.relative_to(tmp_path) for path in (tmp_path / folder).iterdir()]
        assert {mode(file) for file in files} == {mode("plain/file")}


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
    with pytest.raises(RunError, match="out is a file"):
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


def test_further_steps_add_files_and_facts(tmp_path, weights):
    def measured(folder, package):
        assert {"model.py", "model.safetensors"} <= {p.name for p in folder.iterdir()}
        (folder / "more.txt").write_text(str(package.architecture.num_classes))
        return package.with_facts(data="something measured")

    model = export(tmp_path / "out", weights, measured)
    assert sorted(p.name for p in model.parent.iterdir()) == sorted(
        [*FILES, "more.txt"]
    )
    assert (model.parent / "more.txt").read_text() == "2"
    assert "something measured" in (model.parent / "model_card.md").read_text()


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("error", [TypeError, KeyboardInterrupt, OSError])
def test_nothing_stays_behind_when_a_step_fails(tmp_path, weights, is_there, error):
    def broken(folder, package):
        (folder / "half.bin").write_bytes(b"half of it")
        raise error

    before = sorted(tmp_path.rglob("*"))
    folder = tmp_path / "deep" / "er" / "out"
    if is_there:
        folder.mkdir(parents=True)
        before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunError if error is OSError else error):
        export(folder, weights, broken)
    assert sorted(tmp_path.rglob("*")) == before


def test_code_that_computes_something_else_never_appears(
    tmp_path, weights, monkeypatch
):
    from nas.export import model_files

    source = model_files.source

    def wrong(package):
        return source(package).replace("self.act(self.norm1(", "(self.norm1(")

    monkeypatch.setattr(model_files, "source", wrong)
    with pytest.raises(SpecError, match="gives other logits than the network"):
        export(tmp_path / "out", weights)
    assert not (tmp_path / "out").exists()
