"""The command on a run's page starts the very same search again."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from made_run import FACTS

from nas import api
from nas.data import load
from nas.records import Recipe
from nas.report.page.repeat_section import shell_lines
from nas.search import RunFolder, SearchConfig
from nas.search.command import repeating
from nas.space import SearchSpace, shipped

PLAIN = SearchConfig(workers=0, data_memory=2**30, recipe=Recipe(precision="float32"))
"""What a search settles before it begins, given: no measurement is taken here."""

RECIPE = """
recipe:
  optimizer: adamw
  lr: {float: [0.001, 0.01], log: true}
  augment: light
  batch_size: 32
"""


class Settled(Exception):
    """Instead of the training."""


def started(argv: list[str]) -> SearchConfig:
    """Return the configuration of the search that a command starts, up to its run."""
    from nas.cli.app import app

    found: list[SearchConfig] = []

    def create(path: Path, config: SearchConfig, *rest: object, **more: object) -> None:
        found.append(config)
        raise Settled

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RunFolder, "create", create)
        patched.setattr(api, "load", lambda source, **_: load("digits"))
        patched.setattr(api, "anchored", lambda data: data)
        patched.setattr(api, "data_facts", lambda dataset: {})
        patched.setattr(api, "warm_up", lambda config: None)
        patched.setattr(api, "check_device", lambda *given: None)
        patched.setattr(api, "settled_device", lambda config: (config, None))
        with pytest.raises(Settled):
            app(argv, standalone_mode=False)
    (config,) = found
    return config


def words(folder: Path, config: SearchConfig, space: str = "default") -> list[str]:
    run = RunFolder.create(folder / "made", config, SearchSpace.load(space), FACTS)
    found = repeating(run)
    assert found.words[:2] == ("nas", "search")
    assert found.reservations == ()
    return list(found.words[1:])


OTHERS = {
    "data": "/somewhere/my data's $HOME",
    "space": "minimal",
    "max_params": 12_345,
    "trials": 7,
    "seed": 3,
    "sampler": "tpe",
    "workers": 2,
    "device": "cuda",
    "devices": (0, 2),
    "image_size": 16,
    "data_memory": 2**31,
    "baseline": "random",
    "repeats": 4,
    "recipe": Recipe(
        epochs=9,
        augment="standard",
        flip=True,
        class_weights=True,
        objective="balanced-accuracy",
        precision="bf16",
    ),
    "halving": True,
    "eta": 2,
    "retries": 0,
    "timeout": 12.5,
    "max_failures": 3,
    "objectives": ("accuracy", "macs", "params"),
}
"""Another value for every option."""


def test_every_option_has_another_value():
    assert OTHERS.keys() == {field.name for field in fields(SearchConfig)}
    for name, value in OTHERS.items():
        assert value != getattr(SearchConfig(), name), name


CASES = {
    "nothing": {},
    **{
        name: {name: value}
        for name, value in OTHERS.items()
        if name not in ("eta", "devices", "timeout")
    },
    "eta": {"halving": True, "eta": 2},
    "devices": {"device": "cuda", "devices": (1,)},
    "timeout": {"workers": 1, "timeout": 90.0},
    "everything": OTHERS,
    "a dash": {"data": "-x"},
}


@pytest.mark.parametrize("name", CASES)
def test_it_starts_the_same_search(name: str, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = replace(PLAIN, **CASES[name])
    argv = words(tmp_path, config, config.space)
    assert started(argv) == config
    if name == "nothing":
        settled = {
            "--workers",
            "--data-memory",
            "--precision",
            "--augment",
            "--no-flip",
        }
        assert {word for word in argv if word[0] == "-"} == {*settled, "--seed"}


def test_a_space_of_ones_own_is_the_copy_in_the_run(tmp_path):
    file = tmp_path / "own.yaml"
    text = shipped()["minimal"].read_text().replace("name: minimal", "name: own")
    file.write_text(text + RECIPE)
    space = SearchSpace.load(str(file))
    recipe = space.recipe.applied(PLAIN.recipe, {}, "own")
    config = replace(PLAIN, space=space.name, recipe=recipe)
    argv = words(tmp_path, config, str(file))
    assert str(tmp_path / "made" / "space.yaml") in argv
    assert "--augment" not in argv  # the space has fixed it
    file.unlink()
    again = started(argv)
    assert again.recipe == recipe
    assert replace(again, space="own") == config


def test_what_no_option_says_is_told(tmp_path):
    recipe = replace(PLAIN.recipe, lr=0.05)
    run = RunFolder.create(
        tmp_path / "made",
        replace(PLAIN, recipe=recipe),
        SearchSpace.load("default"),
        FACTS,
    )
    (reservation,) = repeating(run).reservations
    assert "from Python" in reservation


def test_trials_of_another_run_are_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["nas", "search", "--from-run", "runs/one"])
    run = RunFolder.create(tmp_path / "made", PLAIN, SearchSpace.load("default"), FACTS)
    (reservation,) = repeating(run).reservations
    assert "--from-run" in reservation


def test_a_shell_reads_the_same_words():
    given = [
        "nas",
        "search",
        "--data",
        "it's $HOME\n`x`",
        "--space",
        "a b",
        "--seed=-1",
    ]
    given += ["--data-memory", "1" * 40]
    printed = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {shell_lines(given)}"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert printed.split("\0")[:-1] == given
    assert "\\\n" in shell_lines(given)
