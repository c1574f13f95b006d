"""The exported training repeats what nas does, to the last bit on a CPU."""

import ast
import io
import itertools
import random
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_package import made_package
from PIL import Image
from safetensors.torch import load_file

import nas.train.importing  # noqa: F401 - before whatever imports Lightning
from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Concat,
    Conv,
    Hierarchical,
    Norm,
    PreactBottleneck,
    Separable,
    StemConv,
    Sum,
)
from nas.data import Dataset, load
from nas.data.archive import write_npz
from nas.export import source
from nas.export.train_file import train_source
from nas.records import (
    AUGMENTATIONS,
    OBJECTIVES,
    OPTIMIZERS,
    PRECISIONS,
    SCHEDULES,
    EvalRequest,
    Recipe,
)
from nas.train.evaluate import Evaluator

RULES = ("E", "F", "W", "I", "N", "UP", "B", "C4", "SIM", "RET", "PTH", "RUF", "D")
NOT_RULES = ("D105", "D107", "D203", "D213", "D413")
HOSTILE = (
    "'); import os #",
    '"""',
    "{seed}",
    "$x",
    "two\nlines",
    "\\",
    "",
    " ",
    "ü",
    "9",
)

PLAIN = Architecture(
    input_shape=(1, 8, 8),
    num_classes=10,
    stem=(StemConv(width=6),),
    blocks=(
        Block(aggregation=Sum(), unit=Basic(), depth=1, width=6),
        Block(aggregation=Sum(), unit=Basic(), depth=1, width=8, stride=2),
    ),
)
SUPERVISED = replace(
    PLAIN,
    blocks=(
        Block(aggregation=Sum(), unit=Separable(), depth=1, width=8),
        Block(aggregation=Concat(growth=4), unit=PreactBottleneck(), depth=2, width=8),
        Block(aggregation=Hierarchical(), unit=Conv(), depth=2, width=8, stride=2),
    ),
    fusion="concat",
    dropout=0.2,
    norm=Norm(eps=1e-3),
    activation="gelu",
    aux=(
        AuxHead(after=1, weight=0.3, pool=2, width=4, hidden=8, dropout=0.5),
        AuxHead(after=2, weight=1.0),
    ),
)
EVERYTHING = Recipe(
    epochs=2,
    optimizer="adamw",
    lr=0.004,
    weight_decay=0.05,
    schedule="cosine",
    augment="standard",
    flip=True,
    class_weights=True,
    objective="balanced-accuracy",
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Digits, of which 129 are trained on: a batch of 64 more would leave one over."""
    digits = load("digits")
    train = digits.train
    some = replace(train, images=train.images[:129], labels=train.labels[:129])
    return replace(digits, train=some, classes=HOSTILE)


@pytest.fixture
def folder(tmp_path, monkeypatch, data) -> Path:
    """A folder with the data as ``data.npz``, whose modules can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # So that in the end none of the folder's is left there for other tests.
    monkeypatch.setitem(sys.modules, "model", None)
    write_npz(data, tmp_path / "data.npz")
    return tmp_path


def export(folder: Path, data: Dataset, architecture: Architecture, text: str) -> None:
    package = made_package(architecture, classes=data.classes)
    package = replace(package, mean=data.mean, std=data.std)
    (folder / "model.py").write_text(source(package))
    (folder / "train.py").write_text(text)


def train(monkeypatch: pytest.MonkeyPatch, *argv: str) -> list[str]:
    """Run the folder's ``train.py`` in this process; return the lines it prints."""
    monkeypatch.delitem(sys.modules, "model", raising=False)
    monkeypatch.setattr(sys, "argv", ["train.py", *argv])
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    printed = io.StringIO()
    with redirect_stdout(printed), torch.random.fork_rng(devices=[]):
        runpy.run_path("train.py", run_name="__main__")
    return printed.getvalue().splitlines()


CASES = {
    "plain": (PLAIN, Recipe(epochs=2)),
    "everything": (SUPERVISED, EVERYTHING),
    "light, in bfloat16": (
        replace(SUPERVISED, fusion="last", aux=SUPERVISED.aux[:1]),
        Recipe(epochs=2, augment="light", precision="bf16", label_smoothing=0),
    ),
    "flip, in float32": (
        PLAIN,
        Recipe(epochs=2, flip=True, precision="float32", batch_size=30),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_trains_the_same_weights_as_nas(folder, data, monkeypatch, case):
    architecture, recipe = CASES[case]
    # Torch's own convolutions, which an exported file has, round in other places.
    monkeypatch.setattr("nas.train.evaluate.suit_processor", lambda _: None)
    request = EvalRequest(
        trial=0, architecture=architecture, recipe=recipe, seed=5, folder="trial"
    )
    result = Evaluator(data.for_search(), "cpu")(request)
    assert result.error is None
    export(folder, data, architecture, train_source(architecture, recipe, seed=5))
    *epochs, test = train(monkeypatch, "data.npz", "new.safetensors")
    wanted, found = load_file("trial/weights.safetensors"), load_file("new.safetensors")
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert torch.equal(found[name], tensor), name
    if recipe.precision != "bf16":  # in which nas also judges, and model.py does not
        assert [line.split()[-1] for line in epochs] == [
            f"{accuracy:.2%}" for accuracy in result.curve
        ]
    network = runpy.run_path("model.py")["load"](folder / "new.safetensors")
    labels = torch.from_numpy(data.test.labels)
    with torch.inference_mode():
        right = network(torch.from_numpy(data.test.images) / 255).argmax(1) == labels
    by_class = [right[labels == label].double().mean() for label in range(10)]
    is_balanced = recipe.objective == "balanced-accuracy"
    reached = sum(by_class) / 10 if is_balanced else right.double().mean()
    assert test == f"test: {reached:.2%}"


def test_the_seed_can_be_chosen(folder, data, monkeypatch):
    recipe = Recipe(epochs=1)
    for seed in (3, 4):
        export(folder, data, PLAIN, train_source(PLAIN, recipe, seed=seed))
        train(monkeypatch, "data.npz", f"{seed}.safetensors")
    train(monkeypatch, "data.npz", "other.safetensors", "--seed", "3")
    first, second, other = (
        Path(f"{name}.safetensors").read_bytes() for name in (3, 4, "other")
    )
    assert first == other != second


def test_it_runs_without_nas(folder, data):
    export(folder, data, SUPERVISED, train_source(SUPERVISED, EVERYTHING))
    code = (
        "import runpy, sys; sys.modules['nas'] = None; "
        "runpy.run_path('train.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "data.npz", "new.safetensors"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == EVERYTHING.epochs + 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_it_runs_on_a_gpu(folder, data, monkeypatch):
    export(folder, data, SUPERVISED, train_source(SUPERVISED, EVERYTHING))
    subprocess.run(
        [sys.executable, "train.py", "data.npz", "gpu.safetensors"], check=True
    )
    train(monkeypatch, "data.npz", "cpu.safetensors")
    gpu, cpu = load_file("gpu.safetensors"), load_file("cpu.safetensors")
    assert {name: x.shape for name, x in gpu.items()} == {
        name: x.shape for name, x in cpu.items()
    }
    assert all(x.isfinite().all() for x in gpu.values())


def test_validation_images_are_trained_on_where_that_is_wanted(
    folder, data, monkeypatch
):
    recipe = Recipe(epochs=1)
    text = train_source(PLAIN, recipe, use_validation=True)
    export(folder, data, PLAIN, text)
    epoch, _ = train(monkeypatch, "data.npz", "both.safetensors")
    assert "val" not in epoch
    arrays = dict(np.load("data.npz"))
    for name in "xy":
        parts = [arrays[f"{name}_train"], arrays[f"{name}_val"]]
        arrays[f"{name}_train"] = np.concatenate(parts)
    np.savez("joined.npz", **arrays)
    export(folder, data, PLAIN, train_source(PLAIN, recipe))
    train(monkeypatch, "joined.npz", "joined.safetensors")
    both, joined = load_file("both.safetensors"), load_file("joined.safetensors")
    assert all(torch.equal(both[name], joined[name]) for name in joined)


class TestFolders:
    @pytest.fixture
    def photos(self, folder) -> Path:
        rng = np.random.default_rng(0)
        for split, name in itertools.product(
            ("train", "val", "test"), ("dark", "no #")
        ):
            place = folder / "photos" / split / name
            place.mkdir(parents=True)
            for number in range(12):
                level = rng.integers(0, 90, (8, 8), dtype=np.uint8)
                level += 120 * (name == "dark")
                Image.fromarray(level).save(place / f"{number}.png")
        (place / ".hidden").write_text("no picture")
        return folder / "photos"

    @pytest.fixture
    def exported(self, folder, data, photos) -> None:
        architecture = replace(PLAIN, num_classes=2)
        text = train_source(architecture, Recipe(epochs=6, batch_size=6))
        export(folder, replace(data, classes=("dark", "no #")), architecture, text)

    def test_pictures_are_trained_on(self, exported, monkeypatch):
        lines = train(monkeypatch, "photos", "new.safetensors")
        assert len(lines) == 7
        assert lines[-1] == "test: 100.00%"

    def test_they_are_those_of_nas(self, exported, photos, monkeypatch):
        monkeypatch.delitem(sys.modules, "model", raising=False)
        functions = runpy.run_path("train.py", run_name="train")
        images, labels = functions["read_split"](photos, "val")
        wanted = load("photos").validation
        found = {
            (x.numpy().tobytes(), int(y)) for x, y in zip(images, labels, strict=True)
        }
        assert found == {
            (x.tobytes(), int(y))
            for x, y in zip(wanted.images, wanted.labels, strict=True)
        }

    @pytest.mark.parametrize("change", ["a class more", "no val", "no picture"])
    def test_what_is_wrong_is_one_line(self, exported, photos, monkeypatch, change):
        if change == "a class more":
            (photos / "test" / "owl").mkdir()
            (photos / "test" / "owl" / "1.png").touch()
        elif change == "no val":
            (photos / "val").rename(photos / "kept")
        else:
            (photos / "train" / "dark" / "1.png").write_text("no picture")
        says = {
            "a class more": "photos/test must hold model.py's classes; got ['owl']",
            "no val": "photos/val must hold model.py's classes; got no pictures",
            "no picture": "1.png",
        }
        assert says[change] in refused(monkeypatch, "photos", "new.safetensors")


def refused(monkeypatch: pytest.MonkeyPatch, *argv: str) -> str:
    """Return the one line that ``train.py`` ends with; nothing may be written."""
    before = set(Path().iterdir())
    with pytest.raises(SystemExit) as stopped:
        train(monkeypatch, *argv)
    assert {path for path in Path().iterdir() if path.is_file()} <= before
    complaint = str(stopped.value)
    assert complaint.startswith("error: ")
    assert len(complaint.splitlines()) == 1
    return complaint


def changed(**changes: object) -> None:
    arrays = dict(np.load("data.npz")) | changes
    kept = {name: value for name, value in arrays.items() if value is not None}
    np.savez("bad.npz", **kept)


BAD = {
    "is not there": (lambda _: None, "No such file"),
    "text": (lambda _: Path("bad.npz").write_text("hello"), ""),
    "cut off": (
        lambda _: Path("bad.npz").write_bytes(Path("data.npz").read_bytes()[:-99]),
        "",
    ),
    "no validation": (lambda _: changed(x_val=None), "x_val"),
    "no names": (lambda _: changed(classes=None), "classes"),
    "other names": (
        lambda d: changed(classes=np.array(d.classes[::-1])),
        "the size and the classes of model.py",
    ),
    "floats": (
        lambda d: changed(x_train=d.train.images.transpose(0, 2, 3, 1) / 255),
        "the size and the classes of model.py",
    ),
    "another size": (
        lambda d: changed(x_test=d.test.images.transpose(0, 2, 3, 1)[:, 1:]),
        "the size and the classes of model.py",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_one_line(folder, data, monkeypatch, case):
    make, says = BAD[case]
    make(data)
    export(folder, data, PLAIN, train_source(PLAIN, Recipe(epochs=1)))
    assert says in refused(monkeypatch, "bad.npz", "new.safetensors")


@pytest.mark.parametrize("target", ["model.safetensors", "nowhere/new.safetensors"])
def test_no_weights_are_overwritten_or_lost(folder, data, monkeypatch, target):
    Path("model.safetensors").write_text("exported")
    export(folder, data, PLAIN, train_source(PLAIN, Recipe(epochs=1)))
    complaint = refused(monkeypatch, "data.npz", target)
    assert complaint == f"error: {target} must be a new file in a known folder"
    assert Path("model.safetensors").read_text() == "exported"


FIELDS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "objective": OBJECTIVES,
    "precision": PRECISIONS,
    "label_smoothing": (0.1, 0.0),
    "augment": AUGMENTATIONS,
    "flip": (False, True),
    "class_weights": (False, True),
    "weight_decay": (5e-4, 1.2345678901234567e-05),
}


def recipes() -> list[Recipe]:
    """Return recipes that have every value of every field, in many combinations."""
    combined = [
        dict(zip(FIELDS, values, strict=True))
        for values in itertools.product(*FIELDS.values())
    ]
    chosen = random.Random(0).sample(combined, 40)
    return [Recipe(**values) for values in (combined[0], combined[-1], *chosen)]


def test_every_text_is_clean_and_formatted(tmp_path):
    text = source(made_package(PLAIN, classes=HOSTILE))
    (tmp_path / "model.py").write_text(text)
    for number, recipe in enumerate(recipes()):
        architecture = (PLAIN, SUPERVISED)[number % 2]
        texts = {
            "data": HOSTILE[number % len(HOSTILE)],
            "reached": f"89.2% {HOSTILE[number % 7]}" * (number % 3),
        }
        text = train_source(
            architecture, recipe, **texts, seed=number, use_validation=number % 5 == 0
        )
        (tmp_path / f"train_{number}.py").write_text(text, encoding="ascii")
    select = [f"--select={','.join(RULES)}", f"--ignore={','.join(NOT_RULES)}"]
    for words in (["check", *select], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[:3000] + done.stderr


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_stay_in_the_docstring(text):
    written = train_source(PLAIN, Recipe(), data=text, reached=text)
    plain = train_source(PLAIN, Recipe())
    one, other = ast.parse(written), ast.parse(plain)
    assert ast.dump(ast.Module(one.body[1:], [])) == ast.dump(
        ast.Module(other.body[1:], [])
    )


def test_a_plain_recipe_takes_120_lines_at_most():
    reached = "98.61% on the validation split (trial 42 of runs/small, seed 3)"
    told = {"data": "digits", "reached": reached}
    for optimizer, schedule, precision in itertools.product(
        FIELDS["optimizer"], FIELDS["schedule"], FIELDS["precision"]
    ):
        recipe = Recipe(optimizer=optimizer, schedule=schedule, precision=precision)
        assert len(train_source(PLAIN, recipe, **told).splitlines()) <= 120
    longest = train_source(SUPERVISED, EVERYTHING, **told)
    assert len(longest.splitlines()) <= 280
