"""Names from outside that want out of their place: of classes, files, spaces, runs."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import Outcome
from commands import nas as nas_in_a_process
from PIL import Image

from nas.preparing import free_run_path
from nas.space import shipped

pytestmark = pytest.mark.faults

OPTIONS = ["--max-params", "3k", "--epochs", "1", "--trials", "1", "--workers", "0"]

NAMES = {
    "code": [
        "'''",
        '"""',
        "end\\",
        "class",
        "None",
        "import os; os.system('touch owned')",
        "{0}%s",
        "\\N{BELL}",
        "-rf",
        "--help",
        "con",
        "nul",
        " lead",
        "trail ",
        "$(touch x)",
    ],
    "terminal": [
        "\x1b[31mred",
        "\x9b31m",
        "new\nline",
        "\r",
        "bell\x07",
        "\x7f",
        "\u202ertl",
        "\u200b",
        "[bold]",
        "[-bold]",
        ":smile:",
        "<script>alert(1)",
        "$x^2$",
        "a,b;c",
        "=1+1",
        "#c",
    ],
    "foreign": ["ünter", "日本語", "emoji👍🏽", "a\u0301", os.fsdecode(b"caf\xe9")],
    "long": ["x" * 255, "y" * 255],
}


def save(folder: Path, names: list[str]) -> Path:
    """Write a few images of every class."""
    rng = np.random.default_rng(0)
    for place, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            image = rng.integers(0, 60, (8, 8), dtype=np.uint8) + np.uint8(12 * place)
            stem = (
                name[: 200 - len(str(number))] if len(os.fsencode(name)) < 200 else ""
            )
            Image.fromarray(image).save(folder / name / f"{number}{stem}.png")
    return folder


@pytest.mark.parametrize("kind", NAMES)
def test_names_stay_names_the_whole_way(
    tmp_path: Path,
    kind: str,
    nas: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = NAMES[kind]
    data = save(tmp_path / names[0] / "data" / names[0], names)
    space = tmp_path / f"{names[0][:250]}.yaml"
    space.write_text(shipped()["minimal"].read_text())
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    outputs = [nas("data", data)]
    outputs.append(nas("search", "--data", data, "--space", space, *OPTIONS))
    assert [path.name for path in here.iterdir()] == ["runs"]
    (run,) = (here / "runs").iterdir()
    assert "\n" not in run.name
    outputs += [nas(command, run) for command in ("report", "show", "export")]
    for ended in outputs:
        assert ended.code == 0, ended
        assert "Traceback" not in ended.err
        assert "Warning" not in ended.err
        for bad in ("\x1b", "\x07", "\x9b", "\x7f", "\u202e", "\u200b", "\udce9"):
            assert bad not in ended.out + ended.err, ended
    facts = json.loads((run / "report" / "data.json").read_bytes())
    assert sorted(facts["classes"]) == sorted(names)
    with (run / "report" / "front.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 1
    (model,) = run.glob("export/*/model.py")
    model.read_bytes().decode("ascii")
    code = "import model, sys; sys.stdout.write(ascii(model.CLASSES))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=model.parent, capture_output=True, check=True
    )
    assert ran.stdout.decode() == ascii(tuple(facts["classes"]))
    for program in (model.name, "test_model.py"):
        command = [sys.executable, program]
        subprocess.run(command, cwd=model.parent, capture_output=True, check=True)
    card = (model.parent / "model_card.md").read_text(encoding="utf-8")
    assert all(char.isprintable() or char == "\n" for char in card)
    rules = [
        "--isolated",
        "--select",
        "E,F,W,I,N,UP,B",
        "--stdin-filename",
        "m.py",
        "-",
    ]
    text = model.read_bytes()
    for check in (["check", *rules], ["format", "--isolated", "--check", "-"]):
        command = [sys.executable, "-m", "ruff", *check]
        subprocess.run(command, input=text, capture_output=True, check=True)
    assert not list(tmp_path.rglob("owned"))


def test_names_in_an_archive(tmp_path: Path) -> None:
    names = ["", "a\0b", "x" * 300, "../../up", "'\"\\"]
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 5
    images = rng.integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=labels, classes=np.array(names))
    run = ["--run", "run"]
    search = ["search", "--data", "a.npz", "--space", "minimal", *OPTIONS, *run]
    for command in (["data", "a.npz"], search, ["export", "run"]):
        ended = nas_in_a_process(command, tmp_path)
        assert ended.code == 0, ended
        assert "\0" not in ended.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "run"]
    model = tmp_path / "run" / "export" / "trial-0" / "model.py"
    subprocess.run([sys.executable, model], capture_output=True, check=True)


@pytest.mark.parametrize(
    ("data", "space", "name"),
    [
        ("digits", "minimal", "digits-minimal-1"),
        ("/a/b.npz", "mine", "b.npz-mine-1"),
        ("..", "../../up", "-..-up-1"),
        ("-rf", "x", "rf-x-1"),
        ("/data/" + "x" * 255, "y" * 255, f"{'x' * 60}-{'y' * 60}-1"),
        ("/data/a\nb\x1b[1m", "日本 語", "a-b-1m-日本-語-1"),
    ],
)
def test_a_run_is_called_by_harmless_names(data: str, space: str, name: str) -> None:
    path = free_run_path(data, space)
    assert path.parent == Path("runs")
    assert path.name == name.lstrip("-.")


@pytest.mark.parametrize("command", ["resume", "report", "show", "export", "repeat"])
def test_a_run_of_an_impossible_name(tmp_path: Path, command: str) -> None:
    for name in ("x" * 300, "\x1b[31mred", "no\nrun"):
        ended = nas_in_a_process([command, name], tmp_path)
        assert ended.code == 2, ended
        assert ended.line.startswith("nas: error: ")
        assert "\x1b" not in ended.line
    assert list(tmp_path.iterdir()) == []
