"""A space that holds recipes, as a user meets it."""

import csv
import json
from pathlib import Path

import pytest

from nas.cli.recipes import effects_view
from nas.report import Effects, Share
from nas.run import Run

SPACE = """\
schema: 1
description: Two networks and many recipes.
widths: absolute
stem: {width: 4}
blocks:
  - {width: [4, 8], aggregation: sum, unit: basic}
recipe:
  lr: {float: [0.1, 0.5], log: true}
  augment: [light, none]
  batch_size: [64, 128]
  epochs: [1, 2]
  schedule: cosine
"""
SEARCH = ("search", "--space", "own.yaml", "--trials", "4", "--workers", "0")


@pytest.fixture
def own(folder: Path) -> Path:
    path = folder / "own.yaml"
    path.write_text(SPACE)
    return path


def test_from_the_search_to_the_export(nas, own, folder):
    done = nas(*SEARCH, "--run", "runs/a")
    assert (done.code, done.err) == (0, "")
    assert "4 trials of as many epochs as their recipes say, 1 at a time" in done.out
    assert (
        "searched in the recipe, too: lr (0.1 to 0.5, log), augment (light, none), "
        "batch_size (64, 128), epochs (1, 2)\n"
    ) in done.out
    assert "is told from 20 whole trainings on" in done.out

    run = Run(folder / "runs" / "a")
    records = run.records
    assert len({r.key for r in records}) == 4
    assert len({r.hash for r in records}) <= 2
    for r in records:
        recipe = run.recipe(r)
        assert len(r.curve) == recipe.epochs == r.recipe["epochs"]
        assert recipe.schedule == "cosine"
        kept = json.loads((run.folder.trial_path(r.trial) / "result.json").read_text())
        assert kept["recipe"] == r.recipe
        assert kept["recipe_hash"] == r.recipe_hash

    report = nas("report", "runs/a")
    assert report.code == 0
    words = report.out.split()
    for r in run.front:
        assert {f"augment={r.recipe['augment']}", f"lr={r.recipe['lr']:.3g}"} <= {
            *words
        }
    rows = csv.DictReader((run.path / "report" / "front.csv").open())
    assert [row["recipe_hash"] for row in rows] == [r.recipe_hash for r in run.front]

    best = run.best()
    shown = nas("show", "runs/a")
    line = " ".join(shown.out.partition("recipe (* searched)")[2].split())
    assert f"epochs={best.recipe['epochs']}*" in line
    assert "schedule=cosine " in line
    data = json.loads(nas("show", "runs/a", "--json").out)
    assert data["recipe"]["lr"] == best.recipe["lr"]
    assert data["recipe"]["schedule"] == "cosine"

    exported = nas("export", "runs/a", "--to", "model")
    assert exported.code == 0
    text = " ".join((folder / "model" / "model.py").read_text().split())
    assert f"batches of {best.recipe['batch_size']}, sgd with a cosine" in text
    assert f"peak learning rate {best.recipe['lr']:g}" in text

    longer = nas("resume", "runs/a", "--trials", "6")
    assert longer.code == 0
    assert len({r.key for r in run.records}) == 6


def test_what_the_space_searches_cannot_be_given_as_well(nas, own, folder):
    for option, value in (("--epochs", "3"), ("--augment", "standard")):
        refused = nas(*SEARCH, option, value)
        assert refused.code == 2
        (line,) = refused.err.splitlines()
        name = option.removeprefix("--")
        assert f"{name} is searched by the space 'own'" in line
        assert f"'{name}: {value}' under 'recipe'" in line
    assert list(folder.iterdir()) == [own]


def test_what_it_fixes_is_used_unless_something_else_is_given(nas, own, folder):
    fixed = SPACE[: SPACE.index("recipe:")] + (
        "recipe: {epochs: 2, augment: light, class_weights: true, label_smoothing: 0}\n"
    )
    own.write_text(fixed)
    assert nas(*SEARCH, "--trials", "1", "--run", "a").code == 0
    recipe = Run(folder / "a").config.recipe
    assert (recipe.epochs, recipe.augment, recipe.class_weights) == (2, "light", True)
    assert recipe.label_smoothing == 0
    given = nas(*SEARCH, "--trials", "1", "--epochs", "1", "--augment", "none")
    assert given.code == 0
    assert "1 trial of 1 epoch," in given.out
    (run,) = (folder / "runs").iterdir()
    recipe = Run(run).config.recipe
    assert (recipe.epochs, recipe.augment, recipe.class_weights) == (1, "none", True)
    # Without anything searched, reports are what they were.
    assert "recipe" not in given.out
    assert "What accuracy goes by" not in given.out


def test_a_space_is_shown_with_its_recipe(nas, own):
    shown = nas("show", "own.yaml").out
    assert "schedule=cosine, fixed" in shown
    assert "recipe.lr" in shown
    assert "0.1 to 0.5, log" in shown
    data = json.loads(nas("show", "own.yaml", "--json").out)
    assert data["genes"]["recipe.augment"] == "light, none"
    assert data["recipe"] == {"schedule": "cosine"}
    assert "augment=" in nas("show", "joint").out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("lr: 1e9", "12:7: recipe.lr must be in [0.0, 100.0]; got 1000000000.0; use"),
        ("lr: .nan", "12:7: recipe.lr must be finite; got .nan; write a number"),
        ("epochs: 0", "12:11: recipe.epochs must be an integer of at least 1; got 0"),
        ("augment: heavy", "12:12: recipe.augment is an unknown augment 'heavy'"),
        ("momentum: 0.9", "12:3: recipe has an unknown key 'momentum'"),
    ],
)
def test_mistakes_are_one_line(nas, own, line, says):
    own.write_text(
        SPACE.replace("  schedule: cosine\n", f"  {line}\n").replace(
            "  lr: {float: [0.1, 0.5], log: true}\n  augment: [light, none]\n"
            "  batch_size: [64, 128]\n  epochs: [1, 2]\n",
            "  flip: true\n  weight_decay: 0\n  batch_size: 64\n  label_smoothing: 0\n",
        )
    )
    refused = nas(*SEARCH)
    assert refused.code == 2
    (error,) = refused.err.splitlines()
    assert f"own.yaml:{says}" in error


def view(text_of, **shares) -> str:
    values = {"recipe": 0.5, "architecture": 0.2, "size": -0.01} | shares
    groups = {n: Share(value=v, low=v - 0.1, high=v + 0.1) for n, v in values.items()}
    total = sum(values.values())
    found = Effects(
        trials=30,
        groups=groups,
        explained=Share(value=total, low=total - 0.2, high=total + 0.2),
        recipe={"lr": Share(value=0.4, low=0.3, high=0.5)},
    )
    return text_of(effects_view(found))


def test_effects_in_a_table_or_in_a_line(capsys):
    from rich.console import Console

    def text_of(what) -> str:
        Console(width=80).print(what)
        return " ".join(capsys.readouterr().out.split())

    table = view(text_of)
    assert "recipe 50 % 40 % to 60 % lr alone 40 % 30 % to 50 %" in table
    assert "size 0 % 0 % to 9 %" in table
    assert "none of them 31 % 11 % to 51 %" in table
    assert "Rough, being from 30 trials." in table
    unknown = view(text_of, recipe=0, architecture=0)
    assert unknown.startswith("What accuracy goes by cannot be told from 30 trials")
