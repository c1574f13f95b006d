from dataclasses import replace
from pathlib import Path

import pytest

from nas.errors import SpaceError
from nas.space import BoundSpace, SearchSpace, load_space, shipped

CHECKOUT = Path(__file__).parents[2] / "search_spaces"


def test_every_file_of_the_folder_is_shipped_and_loads():
    assert shipped() == {path.stem: path for path in CHECKOUT.glob("*.yaml")}
    assert set(shipped()) == {
        *("default", "imagenet", "joint", "minimal", "mobile", "reference")
    }
    for name in shipped():
        space = SearchSpace.load(name)
        assert space.name == name
        assert space.description
        assert space.text == (CHECKOUT / f"{name}.yaml").read_text()
        shape = (3, 224, 224) if name == "imagenet" else (1, 8, 8)
        BoundSpace(space=space, input_shape=shape, num_classes=10, max_params=10**5)


def test_the_default_space_chooses_aggregation_and_unit_of_every_block():
    for block in load_space("default").blocks:
        assert {v.kind for v in block.aggregation} == {"sum", "concat", "hierarchical"}
        assert {v.kind for v in block.unit} == {"basic", "separable", "bottleneck"}


def test_the_joint_space_is_the_default_one_with_a_recipe():
    joint, default = load_space("joint"), load_space("default")
    named = {"name": "", "description": "", "recipe": default.recipe, "text": ""}
    assert replace(joint, **named) == replace(default, **named)
    assert joint.recipe.varied == ("lr", "weight_decay", "label_smoothing", "augment")


def test_an_own_space_by_its_path(tmp_path, monkeypatch):
    (tmp_path / "mine.yml").write_text((CHECKOUT / "minimal.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    assert load_space("mine.yml").name == "mine"
    assert load_space(str(tmp_path / "mine.yml")) == load_space("mine.yml")


def test_a_shipped_name_wins_over_a_file_beside(tmp_path, monkeypatch):
    (tmp_path / "default").write_text("nonsense")
    monkeypatch.chdir(tmp_path)
    assert load_space("default").solved


def test_unknown_name_with_the_closest_one():
    with pytest.raises(SpaceError, match=r"'defalt': did you mean 'default'\?"):
        load_space("defalt")
    with pytest.raises(
        SpaceError, match=r"choose default or imagenet or joint or minimal"
    ):
        load_space("resnet")
