"""Whatever is drawn from whichever space: under its target, and back again."""

import random
import statistics
from dataclasses import replace

import optuna
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from space_texts import HAND_MADE

from nas.arch import Architecture, StemConv, from_json, to_json
from nas.errors import DoesNotFit, SpaceError
from nas.nn.build import build
from nas.nn.cost import num_params
from nas.space import TARGET, BoundSpace, SearchSpace, shipped

NAMES = (*shipped(), *HAND_MADE)
SHAPES = [(1, 8, 8), (3, 32, 32), (3, 64, 48), (2, 5, 9)]
LARGE_IMAGES = {"imagenet"}
"""Spaces whose strides are too many for the small ones of these shapes."""

LARGE = (3, 64, 48)

Spaces = dict[str, SearchSpace]


def bind(space: SearchSpace, max_params: int = 50_000, **other: object) -> BoundSpace:
    shape = LARGE if space.name in LARGE_IMAGES else (1, 8, 8)
    values = {"input_shape": shape, "num_classes": 10} | other
    return BoundSpace(space=space, max_params=max_params, **values)


def draws(**strategies: st.SearchStrategy):
    """Give a test random draws; spaces read once are no state that it could change."""

    def wrap(test):
        seeded = given(seed=st.integers(0, 2**32), **strategies)(test)
        quiet = [HealthCheck.function_scoped_fixture]
        return settings(max_examples=40, suppress_health_check=quiet)(seeded)

    return wrap


@pytest.mark.parametrize("name", NAMES)
@draws(
    input_shape=st.sampled_from(SHAPES),
    num_classes=st.integers(2, 100),
    room=st.floats(0, 5),
)
def test_no_draw_is_over_its_target_and_every_draw_survives_the_round_trip(
    spaces: Spaces, name, seed, input_shape, num_classes, room
):
    assume(name not in LARGE_IMAGES or min(input_shape[1:]) >= 32)
    images = {"input_shape": input_shape, "num_classes": num_classes}
    least = bind(spaces[name], 10**12, **images).min_params
    bound = bind(spaces[name], round(least * 10**room), **images)
    architecture = bound.sample(random.Random(seed))

    size = num_params(architecture)
    genes = architecture.genes
    assert bound.min_params <= size <= bound.max_params
    if spaces[name].solved:
        assert bound.min_params <= genes[TARGET] <= bound.max_params
        assert size <= genes[TARGET]
        assert all(
            width % spaces[name].multiple_of == 0 and width >= spaces[name].min_width
            for width in (
                *(part.width for part in architecture.stem if type(part) is StemConv),
                *(block.width for block in architecture.blocks),
            )
        )
    else:
        assert TARGET not in genes
    assert set(genes) <= set(bound.domains)

    assert bound.decode(genes) == architecture
    assert bound.decode(genes).genes == genes
    assert bound.encode(architecture) == genes
    # Through the file that a run keeps.
    assert bound.encode(from_json(to_json(architecture))) == genes
    # And as anybody would write it by hand, who knows nothing of genes.
    bare = replace(architecture, genes=None)
    found = bound.encode(bare)
    assert bound.decode(found) == architecture
    assert found.get(TARGET, size) == size


@pytest.mark.parametrize("name", NAMES)
@draws()
def test_the_size_is_that_of_the_built_module(spaces: Spaces, name, seed):
    rng = random.Random(seed)
    least = bind(spaces[name], 10**12).min_params
    architecture = bind(spaces[name], 5 * least).sample(rng)
    with torch.device("meta"):
        network = build(architecture, (0.5,), (0.25,), seed=0)
    built = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert num_params(architecture) == built


def test_random_draws_of_the_default_space_land_just_under_their_target(spaces: Spaces):
    bound = bind(spaces["default"])
    rng = random.Random(0)
    shortfalls = []
    for _ in range(2000):
        architecture = bound.sample(rng)
        target = architecture.genes[TARGET]
        shortfalls.append(1 - num_params(architecture) / target)
    assert min(shortfalls) >= 0
    assert statistics.median(shortfalls) <= 0.03
    assert statistics.quantiles(shortfalls, n=20)[-1] <= 0.10


@pytest.mark.parametrize("name", NAMES)
def test_an_optuna_trial_gives_what_its_parameters_decode_to(spaces: Spaces, name):
    bound = bind(spaces[name], 50 * bind(spaces[name], 10**12).min_params)
    distributions = bound.distributions()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    decoded = 0
    for _ in range(30):
        trial = study.ask()
        try:
            suggested = bound.suggest(trial)
        except DoesNotFit:
            with pytest.raises(DoesNotFit):
                bound.decode(trial.params)
            continue
        assert suggested == bound.decode(trial.params)
        assert suggested.genes == trial.params
        for gene, distribution in trial.distributions.items():
            assert distribution == distributions[gene]
        decoded += 1
    assert decoded >= 5


def test_distributions_are_those_of_the_domains(spaces: Spaces):
    bound = bind(spaces["absolute_ranges"])
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    assert bound.distributions() == {
        "stem.width": IntDistribution(4, 16, step=4),
        "stem.kernel": IntDistribution(1, 5, step=2),
        "block1.concat.growth": IntDistribution(1, 12, log=True),
        "block1.bottleneck.ratio": FloatDistribution(0.1, 2.0, log=True),
        "block1.depth": IntDistribution(1, 5),
        "block1.width": IntDistribution(3, 24),
        "block2.bottleneck.kernel": CategoricalDistribution((1, 5)),
        "block2.bottleneck.ratio": FloatDistribution(0.5, 4.0),
        "block2.width": CategoricalDistribution((9, 18)),
        "block2.stride": IntDistribution(1, 3),
    }


def test_the_target_is_logarithmic_between_smallest_and_budget(spaces: Spaces):
    bound = bind(spaces["default"])
    target = bound.distributions()[TARGET]
    assert (target.low, target.high, target.log) == (bound.min_params, 50_000, True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("input_shape", SHAPES)
def test_a_budget_that_admits_only_the_smallest_network(
    spaces: Spaces, name, input_shape
):
    if name in LARGE_IMAGES and min(input_shape[1:]) < 32:
        with pytest.raises(SpaceError, match="stride must be 1"):
            bind(spaces[name], 10**12, input_shape=input_shape)
        return
    least = bind(spaces[name], 10**12, input_shape=input_shape)
    tight = bind(spaces[name], least.min_params, input_shape=input_shape)
    drawn = tight.sample(random.Random(0))
    assert num_params(drawn) == least.min_params
    assert tight.decode(drawn.genes) == drawn


def test_a_draw_that_does_not_fit_is_none(spaces: Spaces):
    tight = bind(spaces["default"], bind(spaces["default"]).min_params)
    rng = random.Random(0)
    assert [tight.draw(rng) for _ in range(20)] == [None] * 20


@pytest.mark.parametrize("name", NAMES)
def test_a_budget_below_the_smallest_network_is_refused_with_its_size(
    spaces: Spaces, name
):
    least = bind(spaces[name], 10**12).min_params
    with pytest.raises(SpaceError, match=f"smallest network.*allow at least {least:,}"):
        bind(spaces[name], least - 1)


def test_images_too_small_for_the_strides_are_refused(spaces: Spaces):
    bind(spaces["default"], input_shape=(1, 3, 1))
    with pytest.raises(SpaceError, match=r"^default: blocks\[3\]\.stride must be 1"):
        bind(spaces["default"], input_shape=(1, 2, 2))


def test_a_stride_that_only_some_draws_have_is_judged_too(read):
    space = read(
        HAND_MADE["fixed"] + "  - {aggregation: sum, unit: basic, stride: [1, 2]}\n"
    )
    with pytest.raises(SpaceError, match=r"blocks\[1\]\.stride must be 1"):
        bind(space, input_shape=(3, 1, 1))


class TestDecode:
    def test_genes_not_in_use_are_ignored(self, spaces: Spaces):
        bound = bind(spaces["default"])
        drawn = bound.sample(random.Random(0))
        distributions = bound.distributions()
        assert set(drawn.genes) < set(distributions)
        every = {name: domain.options[0] for name, domain in bound.domains.items()}
        assert bound.decode(every | drawn.genes) == drawn

    def test_unknown_gene(self, spaces: Spaces):
        bound = bind(spaces["default"])
        genes = bound.sample(random.Random(0)).genes | {"block1.dept": 2}
        with pytest.raises(SpaceError, match=r"unknown gene 'block1\.dept'.*depth"):
            bound.decode(genes)

    def test_missing_gene(self, spaces: Spaces):
        bound = bind(spaces["default"])
        genes = dict(bound.sample(random.Random(0)).genes)
        del genes["block2.unit"]
        with pytest.raises(SpaceError, match=r"'block2\.unit' is missing"):
            bound.decode(genes)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("block1.width", 0.8),
            ("block1.aggregation", "max"),
            ("block1.unit", True),
            (TARGET, 50_001),
            (TARGET, 1),
            (TARGET, "many"),
        ],
    )
    def test_value_out_of_its_domain(self, spaces: Spaces, name, value):
        bound = bind(spaces["default"])
        genes = bound.sample(random.Random(0)).genes | {name: value}
        with pytest.raises(
            SpaceError, match=f"^{name} must be among .*; got {value!r}"
        ):
            bound.decode(genes)

    def test_a_target_under_the_topology_does_not_fit(self, spaces: Spaces):
        bound = bind(spaces["default"])
        genes = bound.sample(random.Random(0)).genes | {TARGET: bound.min_params}
        with pytest.raises(DoesNotFit, match=f"over its target of {bound.min_params}"):
            bound.decode(genes)


class TestEncode:
    @pytest.fixture
    def drawn(self, spaces: Spaces) -> Architecture:
        return replace(bind(spaces["default"]).sample(random.Random(5)), genes=None)

    def test_foreign_genes_are_not_believed(self, spaces: Spaces, drawn):
        bound = bind(spaces["default"])
        other = bound.sample(random.Random(6))
        assert bound.decode(bound.encode(replace(drawn, genes=other.genes))) == drawn
        nonsense = {"no such gene": 1}
        assert bound.decode(bound.encode(replace(drawn, genes=nonsense))) == drawn

    def test_other_images(self, spaces: Spaces, drawn):
        bound = bind(spaces["default"], input_shape=(3, 8, 8))
        with pytest.raises(SpaceError, match="for images"):
            bound.encode(drawn)

    def test_over_the_budget(self, spaces: Spaces, drawn):
        bound = bind(spaces["default"], num_params(drawn) - 1)
        with pytest.raises(SpaceError, match="over the budget of"):
            bound.encode(drawn)

    def test_other_number_of_blocks(self, spaces: Spaces, drawn):
        shorter = replace(drawn, blocks=drawn.blocks[:3])
        with pytest.raises(SpaceError, match="has 4 blocks, the architecture 3"):
            bind(spaces["default"]).encode(shorter)

    def test_a_part_that_the_space_does_not_hold_is_named(self, spaces: Spaces, drawn):
        first, *others = drawn.blocks
        strange = replace(drawn, blocks=(replace(first, stride=2), *others))
        with pytest.raises(SpaceError, match=r"block1\.stride is 2"):
            bind(spaces["default"]).encode(strange)

    def test_proportions_that_the_space_does_not_hold(self, spaces: Spaces, drawn):
        (conv,) = drawn.stem
        wide = replace(drawn, stem=(replace(conv, width=conv.width * 10),))
        with pytest.raises(SpaceError, match="no relative widths"):
            bind(spaces["default"], 10**7).encode(wide)

    def test_many_blocks_with_many_widths(self, read):
        bound = bind(
            read(
                "schema: 1\nwidths: solved\nstem: {width: 1}\n"
                "block: {aggregation: {concat: {growth: [0.2, 0.5, 1]}}, unit: basic}\n"
                "blocks:\n" + "  - {width: [1, 2, 3, 4, 5]}\n" * 12
            ),
            10**6,
        )
        for seed in range(5):
            drawn = bound.sample(random.Random(seed))
            found = bound.encode(replace(drawn, genes=None))
            assert bound.decode(found) == drawn
