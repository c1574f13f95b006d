"""Recipes in a search space: what is read, what is a gene, where a search begins."""

import random

import pytest

from nas.errors import ConfigError, SpaceError
from nas.records import Recipe, recipe_genes
from nas.space import BoundSpace, read_space
from nas.space.domains import Choice, FloatRange, IntRange

SPACE = """\
schema: 1
widths: absolute
stem: {width: [4, 6]}
blocks:
  - {width: [4, 8], aggregation: sum, unit: basic, depth: [1, 2]}
"""
BOTH = """\
recipe:
  optimizer:
    sgd: {lr: {float: [0.02, 1], log: true}}
    adamw: {lr: 0.003, weight_decay: [0.01, 0.05]}
  augment: [none, light]
  flip: true
  epochs: {int: [5, 20], step: 5}
"""


@pytest.fixture
def recipe(read):
    """Return a function that reads the recipe of a space."""
    return lambda text: read(SPACE + text).recipe


def bind(space, **options) -> BoundSpace:
    values = {"input_shape": (1, 8, 8), "num_classes": 10, "max_params": 10**6}
    return BoundSpace(space=space, **(values | options))


class TestReading:
    def test_a_space_without_one_leaves_the_recipe_to_the_search(self, recipe):
        for text in ("", "recipe:\n", "recipe: {}\n"):
            assert recipe(text).genes() == {}
            assert recipe(text).fixed == {}
            assert recipe(text).applied(Recipe(lr=0.3), {}, "s") == Recipe(lr=0.3)

    def test_fixed_values_and_domains_of_every_kind(self, recipe):
        found = recipe(
            "recipe: {lr: {float: [0.1, 1]}, epochs: {int: [3, 9]}, flip: true, "
            "schedule: cosine, label_smoothing: [0, 0.1], class_weights: [true, false]}"
        )
        assert found.fixed == {"schedule": "cosine", "flip": True}
        assert found.genes() == {
            "recipe.lr": FloatRange(0.1, 1.0),
            "recipe.label_smoothing": Choice((0, 0.1)),
            "recipe.class_weights": Choice((True, False)),
            "recipe.epochs": IntRange(3, 9),
        }

    def test_what_goes_by_the_optimizer_has_genes_of_its_own(self, recipe):
        found = recipe(BOTH)
        assert set(found.genes()) == {
            *("recipe.optimizer", "recipe.sgd.lr", "recipe.adamw.lr"),
            *("recipe.adamw.weight_decay", "recipe.augment", "recipe.epochs"),
        }
        # One of a single value, too, because it holds for that optimizer alone.
        assert found.genes()["recipe.adamw.lr"] == Choice((0.003,))
        assert found.fixed == {"flip": True}

    def test_a_single_optimizer_makes_no_difference(self, recipe):
        alone = recipe("recipe: {optimizer: {adamw: {lr: [0.001, 0.01]}}}")
        plain = recipe("recipe: {optimizer: adamw, lr: [0.001, 0.01]}")
        assert alone == plain
        assert set(plain.genes()) == {"recipe.lr"}

    def test_a_value_for_all_optimizers_but_those_with_their_own(self, recipe):
        found = recipe("recipe: {optimizer: {sgd: , adamw: {lr: 0.003}}, lr: 0.1}")
        asked = {}

        def choose(kind):
            def answer(name, domain):
                value = kind if name == "recipe.optimizer" else domain.options[0]
                return asked.setdefault(name, value)

            asked.clear()
            found.walk(answer)
            return dict(asked)

        assert choose("sgd") == {"recipe.optimizer": "sgd", "recipe.lr": 0.1}
        assert choose("adamw") == {
            "recipe.optimizer": "adamw",
            "recipe.adamw.lr": 0.003,
        }


# "§" marks where the error is; then what it says.
MISTAKES = {
    "unknown field": ("§learning_rate: 1", "unknown key 'learning_rate'"),
    "a close name": ("§augmnet: light", "did you mean 'augment'?"),
    "unknown augmentation": ("augment: §heavy", "unknown augment 'heavy'", "standard"),
    "unknown one of a list": ("augment: [none, §lite]", "did you mean 'light'?"),
    "unknown optimizer": ("optimizer: §adam", "unknown optimizer 'adam'", "'adamw'"),
    "unknown optimizer's name": ("optimizer: {§adam: }", "unknown key 'adam'"),
    "no epochs": ("epochs: §0", "must be an integer of at least 1; got 0; use"),
    "no epochs in a range": ("epochs: {int: [§0, 9]}", "of at least 1; got 0; use"),
    "half an epoch": ("epochs: §2.5", "must be an integer of at least 1; got 2.5"),
    "too high a rate": (
        "lr: §200",
        "must be in [0.0, 100.0]; got 200; use for example",
    ),
    "too high an end": ("lr: {float: [0.1, §200]}", "got 200.0; use for example 0.2"),
    "a rate of none": ("lr: §.nan", "must be finite; got .nan; write a number"),
    "an infinite end": ("lr: {float: [0.1, §.inf]}", "must be finite; got .inf"),
    "log from 0 on": ("lr: {float: [§0, 1], log: true}", "must be above 0", "got 0"),
    "smoothing everything": (
        "label_smoothing: [0, §1]",
        "must be in [0.0, 0.9]; got 1",
    ),
    "no truth": ("flip: §1", "must be true or false; got 1; use for example false"),
    "an empty list": ("lr: §[]", "must have at least one option"),
    "nothing": ("lr:§ ", "must have a value; it is empty"),
    "twice": ("lr: [0.1, §0.1]", "twice: 0.1; keep one"),
    "AdamW without a rate": ("optimizer: §[sgd, adamw]", "learning rates for 'adamw'"),
    "AdamW alone without": ("optimizer: §adamw", "write adamw: {lr: {float: [0.0003"),
    "no optimizer": ("optimizer: §{}", "must name at least one optimizer: sgd, adamw"),
    "a rate nobody uses": (
        "{optimizer: {sgd: {lr: 0.1}, adamw: {lr: 0.01}}, lr: §0.2}",
        "is never used, for 'sgd' and 'adamw' have their own",
    ),
    "a rate here and there": (
        "{optimizer: {sgd: {lr: 0.1}}, lr: §0.2}",
        "stands here and under 'sgd', the only optimizer; keep one",
    ),
    "an option that is no optimizer's": (
        "optimizer: {sgd: {§epochs: 3}}",
        "unknown key 'epochs'",
    ),
    "the objective": ("objective: §accuracy", "search with --objective"),
    "the precision": ("precision: §[bf16, float32]", "cannot be compared"),
    "a list": ("§[lr]", "recipe must be a mapping; got a list"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told_with_their_place(tmp_path, mistake):
    marked, *said = MISTAKES[mistake]
    inside = marked if marked.lstrip("§")[:1] in "{[" else "{" + marked + "}"
    text = f"{SPACE}recipe: {inside}\n"
    before, _, after = text.partition("§")
    path = tmp_path / "s.yaml"
    path.write_text(before + after)
    with pytest.raises(SpaceError) as error:
        read_space(path)
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert str(error.value).startswith(f"{path}:{line}:{column}: recipe")
    assert "\n" not in str(error.value)
    for part in said:
        assert part in str(error.value)


class TestBeginning:
    """Where genes begin, and what the user's own options do."""

    def test_the_recipe_s_values_where_the_space_has_them(self, recipe):
        begun = Recipe(lr=0.5, epochs=10, augment="light")
        assert recipe(BOTH).start(begun) == {
            "recipe.optimizer": "sgd",
            "recipe.sgd.lr": 0.5,
            "recipe.augment": "light",
            "recipe.epochs": 10,
        }

    def test_else_the_middle_or_the_first(self, recipe):
        begun = Recipe(lr=5.0, epochs=40, augment="standard")
        found = recipe(BOTH).start(begun)
        assert found["recipe.sgd.lr"] == pytest.approx(0.02**0.5)
        assert (found["recipe.augment"], found["recipe.epochs"]) == ("none", 10)
        for name, value in found.items():
            assert recipe(BOTH).genes()[name].contains(value)

    def test_what_the_user_gives_wins_over_what_is_fixed(self, recipe):
        fixed = recipe("recipe: {epochs: 30, lr: 0.1, augment: [none, light]}")
        assert fixed.applied(Recipe(), {}, "s") == Recipe(epochs=30, lr=0.1)
        assert fixed.applied(Recipe(), {"epochs": 2}, "s").epochs == 2

    def test_what_is_searched_cannot_be_given(self, recipe):
        for name, value in (("augment", "none"), ("lr", 0.1), ("weight_decay", 0.1)):
            with pytest.raises(ConfigError, match=rf"^{name} is searched .* 'mine'"):
                recipe(BOTH).applied(Recipe(), {name: value}, "mine")
        varied = recipe("recipe: {flip: [true, false]}")
        with pytest.raises(ConfigError, match=r"got false; .* 'flip: false' under"):
            varied.applied(Recipe(), {"flip": False}, "s")


class TestArchitectures:
    """Networks are what they were; genes of recipes come beside theirs."""

    def test_a_draw_has_the_genes_of_one_recipe(self, read):
        space = bind(read(SPACE + BOTH))
        rng = random.Random(0)
        optimizers = set()
        for _ in range(50):
            architecture = space.draw(rng)
            own = recipe_genes(architecture.genes)
            optimizers.add(own["optimizer"])
            assert ("weight_decay" in own) == (own["optimizer"] == "adamw")
            trained = Recipe().with_genes(architecture.genes)
            assert trained.lr == own["lr"]
            assert (trained.lr == 0.003) == (own["optimizer"] == "adamw")
            assert space.decode(architecture.genes) == architecture
            assert space.encode(architecture) == architecture.genes
        assert optimizers == {"sgd", "adamw"}

    def test_a_network_from_elsewhere_gets_the_recipe_to_begin_with(self, read):
        plain = bind(read(SPACE)).sample(random.Random(3))
        space = bind(read(SPACE + BOTH), recipe=Recipe(lr=0.25))
        assert space.encode(plain) == {**plain.genes, **space.start}
        assert space.start["recipe.sgd.lr"] == 0.25

    def test_sizes_are_those_without_recipes(self, read):
        with_recipes, without = bind(read(SPACE + BOTH)), bind(read(SPACE))
        assert with_recipes.smallest == without.smallest
        assert with_recipes.min_params == without.min_params
        assert with_recipes.space.log10_topologies() == without.space.log10_topologies()
