"""What the guides show must work: their search spaces load, their plugins are real."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import command_line, kept_handlers
from made_latency import latency
from made_run import make_run
from PIL import Image
from safetensors.torch import save_file

from nas import measuring
from nas.__main__ import main
from nas.arch.reference import resnet20
from nas.data import load
from nas.data.facts import describe
from nas.data.sources import FORMS, NAMED
from nas.export import ModelFacts, Package, write
from nas.nn.build import build
from nas.nn.timed import Timed
from nas.records import Recipe
from nas.report import COSTS
from nas.report import page as page_parts
from nas.report.page.cards import MOST_PICTURES
from nas.run import Run
from nas.space import BoundSpace, read_space
from nas.space.recipe import RECIPE_FIELDS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def blocks(guide: str, language: str) -> list[str]:
    text = (DOCS / guide).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def bound(tmp_path: Path):
    def bind(text: str) -> BoundSpace:
        path = tmp_path / "space.yaml"
        path.write_text(text)
        return BoundSpace(
            space=read_space(path),
            input_shape=(3, 32, 32),
            num_classes=10,
            max_params=300_000,
        )

    return bind


def test_the_space_of_all_keys(bound):
    whole, stem, recipe = blocks("search_spaces.md", "yaml")
    genes = bound(whole).distributions()
    assert {"fusion", "block1.aggregation", "block2.separable.kernel"} <= set(genes)
    stemmed, count = re.subn(r"^stem: .*\n", stem, whole, flags=re.MULTILINE)
    assert count == 1
    assert set(bound(stemmed).distributions()) == set(genes)
    joint, count = re.subn(r"^recipe: .*\n", recipe, whole, flags=re.MULTILINE)
    assert count == 1
    added = set(bound(joint).distributions()) - set(genes)
    assert {"recipe.optimizer", "recipe.adamw.lr", "recipe.batch_size"} <= added
    assert all(name.startswith("recipe.") for name in added)


def test_every_field_of_a_recipe_has_its_row():
    text = (DOCS / "search_spaces.md").read_text()
    rows = "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))
    for name in RECIPE_FIELDS:
        assert f"`{name}`" in rows, name


def test_every_kind_has_its_row(bound):
    text = (DOCS / "search_spaces.md").read_text()
    from nas.arch.aggregations import AGGREGATIONS
    from nas.arch.units import UNITS

    for kind in (*AGGREGATIONS, *UNITS):
        assert re.search(rf"^\|.*`{kind}`.*\|", text, re.MULTILINE), kind


def test_the_plugin_guide_names_files_that_are_there():
    for command in "".join(blocks("plugins.md", "sh")).splitlines():
        for path in re.findall(r"examples/\S+", command):
            assert (ROOT / path).is_file()


def test_the_guide_to_data_has_every_form_of_a_source_and_every_key():
    text = (DOCS / "data.md").read_text()
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    written = {part for row in rows for part in re.findall(r"`([^`]+)`", row)}
    for form in FORMS:
        if form.startswith("hf:") or form in NAMED:
            assert form.partition("[")[0] in written
    assert set(describe(load("digits")).to_json()) - {"name"} <= written


def test_the_function_of_the_guide_to_data(tmp_path, monkeypatch):
    (code,) = blocks("data.md", "python")
    (tmp_path / "flowers.py").write_text(code)
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "measured.npz", photos=photos, species=np.arange(60) % 3)
    monkeypatch.chdir(tmp_path)
    (command,) = blocks("data.md", "sh")
    source = command.split()[-1]
    assert load(source).for_search().input_shape == (3, 8, 8)


def test_the_training_of_an_exported_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / "photos" / ("cats", "dogs")[number % 2]
        path.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path / f"{number}.png")
    architecture = resnet20((3, 6, 6), 2)
    data, recipe = load("photos"), Recipe(epochs=1)
    weights = tmp_path / "weights.safetensors"
    save_file(build(architecture, seed=0).state_dict(), weights)
    package = Package(
        architecture=architecture,
        mean=data.mean,
        std=data.std,
        classes=data.classes,
        weights=weights,
        facts=ModelFacts(name="m", data="d", recipe=recipe, seed=0, origin="a test"),
    )
    write(tmp_path / "model", package)
    (commands,) = (text for text in blocks("export.md", "sh") if "train.py" in text)
    for program, *words in map(str.split, commands.splitlines()):
        match program:
            case "nas":
                assert main(words) == 0
            case "cd":
                monkeypatch.chdir(*words)
            case "python":
                subprocess.run([sys.executable, *words], check=True)
    (code,) = (text for text in blocks("export.md", "python") if "new" in text)
    monkeypatch.syspath_prepend(tmp_path / "model")
    names: dict[str, Any] = {}
    exec(compile(code, "export.md", "exec"), names)
    monkeypatch.delitem(sys.modules, "model")
    assert names["network"].training is False


def test_a_known_network_is_exported_and_fine_tuned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (commands,) = (text for text in blocks("export.md", "sh") if "fresh" in text)
    export, test = map(str.split, commands.splitlines())
    assert main(export[1:]) == 0
    subprocess.run([sys.executable, *test[1:]], check=True)
    (code,) = (text for text in blocks("export.md", "python") if "build" in text)
    monkeypatch.syspath_prepend(tmp_path / "fresh")
    names: dict[str, Any] = {}
    exec(compile(code, "export.md", "exec"), names)
    monkeypatch.delitem(sys.modules, "model")
    assert names["loss"].item() > 0
    assert names["network"].head.fc.out_features == 5


def test_the_sampler_works_in_a_study_of_ones_own():
    (code,) = blocks("strategies.md", "python")
    names: dict[str, Any] = {}
    exec(compile(code, "strategies.md", "exec"), names)
    assert len(names["study"].trials) == 30
    assert len(names["study"].best_trials) > 3


def test_the_commands_of_the_guide_to_latency(tmp_path, monkeypatch):
    def timed(server, function, subjects, batch_sizes, device, threads, **options):
        own = [latency(batch_size=n, threads=threads) for n in batch_sizes]
        return [Timed(params=1, macs=1, latencies=tuple(own)) for _ in subjects]

    monkeypatch.setattr(measuring, "call", timed)
    monkeypatch.setattr(measuring, "num_cores", lambda: 2)
    monkeypatch.chdir(tmp_path)
    run = Run(make_run(tmp_path / "runs" / "small", [0.5, 0.75]).path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.py").touch()
    small = ["--space", "minimal", "--max-params", "8k", "--trials", "1"]
    small += ["--epochs", "1", "--workers", "0"]
    with kept_handlers():
        for line in "".join(blocks("latency.md", "sh")).splitlines():
            nas, command, *argv = line.partition("#")[0].split()
            more = small if command == "search" else []
            assert (nas, main([command, *argv, *more])) == ("nas", 0), line
    settings = [(one.batch_size, one.threads) for one in run.latencies(run.best())]
    assert settings == [(1, 1), (64, 1), (1, 2), (64, 2)]


def test_the_guide_to_the_page_of_a_run_has_every_section(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "runs" / "first", [0.5, None, 0.75])
    (command,) = blocks("report.md", "sh")
    assert main(command.split()[1:]) == 0
    page = (run.report_path / "report.html").read_text(encoding="utf-8")
    text = (DOCS / "report.md").read_text()
    rows = re.findall(r"^\| (.*?) \| ", text, re.MULTILINE)
    assert set(re.findall(r"<h2[^>]*>(.*?)</h2>", page)) <= set(rows)
    sources = "".join(
        p.read_text() for p in Path(page_parts.__file__).parent.glob("*.py")
    )
    titles = set(re.findall(r'title = "(.*?)"', sources))
    titles |= set(re.findall(r'anchor="\w+",\s+title="(.*?)"', sources))
    assert titles <= set(rows)
    assert f"more than {MOST_PICTURES} trials" in text
    assert (DOCS / "pictures" / "report.png").stat().st_size < 300_000


def test_the_guide_to_reliability_names_tests_that_are_there():
    text = (DOCS / "reliability.md").read_text()
    named = set(re.findall(r"`(test_\w+\.py)`", text))
    assert named == {path.name for path in (ROOT / "tests/faults").glob("test_*.py")}
    for path in re.findall(r"`(tests/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path


def test_the_picture_in_the_guide_is_what_its_command_draws(tmp_path, monkeypatch):
    """To accept a change, run the command in the root of the repository."""
    (command,) = blocks("pictures.md", "sh")
    _, *argv = command.split()
    source, target = argv[1], argv[-1]
    assert (
        f"]({Path(target).relative_to('docs')})" in (DOCS / "pictures.md").read_text()
    )
    (tmp_path / source).parent.mkdir(parents=True)
    (tmp_path / source).write_bytes((ROOT / source).read_bytes())
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 0
    assert (tmp_path / target).read_bytes() == (ROOT / target).read_bytes()


def test_pictures_from_python(tmp_path, monkeypatch):
    (code,) = blocks("pictures.md", "python")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "pictures.md", "exec"), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("resnet20.png", "resnet20.svg", "small.svg")
    ]


def test_the_commands_of_the_guide_to_objectives_search(tmp_path, monkeypatch, capsys):
    (commands,) = blocks("objectives.md", "sh")
    monkeypatch.chdir(tmp_path)
    small = ["--space", "minimal", "--max-params", "8k", "--trials", "2"]
    with command_line(capsys, monkeypatch) as nas:
        for command in commands.splitlines():
            assert command.startswith("nas ")
            options = [*small, "--epochs", "1", "--workers", "0"]
            outcome = nas(*command.split()[1:], *options)
            assert outcome.code == 0, outcome.err


def test_the_study_of_the_guide_to_objectives():
    (code,) = blocks("objectives.md", "python")
    names: dict[str, Any] = {}
    exec(compile(code, "objectives.md", "exec"), names)
    assert len(names["study"].trials) == 30
    assert len(names["study"].best_trials) > 3


def test_every_objective_has_its_row():
    text = (DOCS / "objectives.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert rows == ["accuracy", *COSTS]


def test_the_guide_to_explanations(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (commands,) = blocks("explain.md", "sh")
    small = ["--space", "minimal", "--max-params", "8k", "--trials", "2"]
    small += ["--epochs", "1", "--workers", "0", "--repeats", "1"]
    with command_line(capsys, monkeypatch) as nas:
        for line in commands.splitlines():
            _, command, *argv = line.partition("#")[0].split()
            outcome = nas(command, *argv, *(small if command == "search" else []))
            assert outcome.code == 0, outcome.err
    (code,) = blocks("explain.md", "python")
    exec(compile(code, "explain.md", "exec"), {})
    assert "4 whole trainings can tell nothing" in capsys.readouterr().out


def test_the_commands_of_the_guide_to_ablation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (commands,) = blocks("ablation.md", "sh")
    options = ["--space", "minimal", "--max-params", "6k", "--trials", "3"]
    options += ["--epochs", "1", "--workers", "0", "--run", "runs/small"]
    quick = ["--seeds", "1", "--epochs", "1"]
    with command_line(capsys, monkeypatch) as nas:
        assert nas("search", *options).code == 0
        for line in commands.splitlines():
            program, command, *argv = line.partition("#")[0].split()
            more = quick if command == "ablate" else []
            outcome = nas(command, *argv, *more)
            assert (program, outcome.code) == ("nas", 0), outcome.err
    (head,) = re.findall(
        r"^ block .*", (DOCS / "ablation.md").read_text(), re.MULTILINE
    )
    shown = [line.split() for line in outcome.out.splitlines()]
    assert head.split() in shown
