import json
from dataclasses import replace

import pytest
from architectures import architectures
from hypothesis import given
from hypothesis import strategies as st

from nas.arch import (
    Architecture,
    AuxHead,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Inception,
    Inverted,
    Norm,
    Pool,
    PreactBasic,
    Separable,
    StemConv,
    Sum,
    canonical_hash,
    from_json,
    to_json,
)
from nas.arch.reference import REFERENCES


def shuffled(data, rng):
    """The same JSON data with the keys of every object in another order."""
    if isinstance(data, dict):
        items = [(key, shuffled(value, rng)) for key, value in data.items()]
        rng.shuffle(items)
        return dict(items)
    if isinstance(data, list):
        return [shuffled(value, rng) for value in data]
    return data


@given(architectures(), st.randoms(use_true_random=False))
def test_hash_is_of_the_tree_and_not_of_its_text(architecture, rng):
    data = shuffled(json.loads(json.dumps(to_json(architecture))), rng)
    again = canonical_hash(from_json(data))
    assert again == canonical_hash(architecture)
    assert len(again) == 16
    assert set(again) <= set("0123456789abcdef")


@given(architectures())
def test_genes_are_no_part_of_identity(architecture):
    other = replace(architecture, genes={"depth": 3})
    assert other == architecture
    assert canonical_hash(other) == canonical_hash(architecture)


@given(architectures(), st.randoms(use_true_random=False))
def test_the_order_of_auxiliary_heads_makes_no_difference(architecture, rng):
    heads = [AuxHead(after=0), AuxHead(after=0, pool=2), *architecture.aux]
    mixed = rng.sample(heads, len(heads))
    one, two = (replace(architecture, aux=tuple(aux)) for aux in (heads, mixed))
    assert canonical_hash(one) == canonical_hash(two)


def network(*blocks, **others):
    return Architecture(
        input_shape=(1, 8, 8),
        num_classes=10,
        stem=(StemConv(width=8),),
        blocks=blocks,
        **others,
    )


def with_unit(unit, aggregation, width=16, **others):
    block = Block(aggregation=aggregation, unit=unit, depth=2, width=width, **others)
    return network(block)


def alike(*architectures):
    return len({canonical_hash(architecture) for architecture in architectures}) == 1


@given(
    st.sampled_from([Sum(), Concat(growth=5), Hierarchical()]),
    st.floats(0.01, 4.0),
    st.floats(0.01, 4.0),
)
def test_ratios_hash_alike_when_their_hidden_width_is_the_same(aggregation, one, two):
    units = [Bottleneck(ratio=one), Bottleneck(ratio=two)]
    w_out = 5 if isinstance(aggregation, Concat) else 16
    hidden = [unit.derived(8, w_out) for unit in units]
    same = alike(*(with_unit(unit, aggregation) for unit in units))
    assert same == (hidden[0] == hidden[1])


def test_hidden_width_follows_growth_in_a_concat_block():
    # 0.25 and 0.3 differ at width 16, but both come to a hidden width of 1 at growth 4.
    one, two = Bottleneck(ratio=0.25), Bottleneck(ratio=0.3)
    assert alike(*(with_unit(u, Concat(growth=4)) for u in (one, two)))
    assert not alike(*(with_unit(u, Sum()) for u in (one, two)))


def test_expansion_counts_for_every_input_width_that_it_meets():
    # At the block's 8 channels both expand to 16, at the next unit's 16 to 32 and 33.
    one, two = Inverted(expansion=2.0), Inverted(expansion=2.05)
    assert alike(*(with_unit(u, Sum(), width=8) for u in (one, two)))
    assert not alike(*(with_unit(u, Sum(), width=16) for u in (one, two)))


def test_proportions_hash_alike_when_their_branches_are_the_same():
    single = Inception(conv1=1, reduce3=1, conv3=1, reducek=1, convk=1, pool=1)
    double = Inception(conv1=2, reduce3=2, conv3=2, reducek=2, convk=2, pool=2)
    assert alike(with_unit(single, Sum()), with_unit(double, Sum()))
    wider = replace(double, reduce3=3)
    assert not alike(with_unit(double, Sum()), with_unit(wider, Sum()))


def test_whole_and_real_numbers_are_one_network():
    assert alike(*(with_unit(Bottleneck(ratio=r), Sum()) for r in (2, 2.0)))
    assert alike(*(with_unit(Basic(), Sum(gain=gain)) for gain in (1, 1.0)))
    block = Block(aggregation=Sum(), unit=Basic(), depth=1, width=8)
    assert alike(network(block, dropout=0), network(block, dropout=0.0))
    assert alike(network(block, norm=Norm(eps=1)), network(block, norm=Norm(eps=1.0)))


def test_a_shortcut_between_equal_shapes_is_none():
    conv, pad = (Sum(shortcut=shortcut) for shortcut in ("conv", "pad"))
    assert alike(with_unit(Basic(), conv, width=8), with_unit(Basic(), pad, width=8))
    halved = Pool(kernel=2)
    assert alike(*(with_unit(Basic(), s, width=8, pool=halved) for s in (conv, pad)))
    assert not alike(with_unit(Basic(), conv), with_unit(Basic(), pad))
    assert not alike(*(with_unit(Basic(), s, width=8, stride=2) for s in (conv, pad)))


def test_a_concat_block_strides_by_average_pooling():
    pool = Pool(type="avg", kernel=2, stride=2)
    concat, unit = Concat(growth=4), PreactBasic()
    strided = with_unit(unit, concat, stride=2)
    assert alike(strided, with_unit(unit, concat, pool=pool))
    assert not alike(strided, with_unit(unit, concat, pool=replace(pool, type="max")))
    assert not alike(
        with_unit(unit, Sum(), stride=2), with_unit(unit, Sum(), pool=pool)
    )


def test_one_stage_has_nothing_to_fuse():
    block = Block(aggregation=Sum(), unit=Basic(), depth=1, width=8)
    fusions = ("last", "concat", "hierarchical")
    assert alike(*(network(block, block, fusion=fusion) for fusion in fusions))
    stages = (block, replace(block, stride=2))
    hashes = {canonical_hash(network(*stages, fusion=fusion)) for fusion in fusions}
    assert len(hashes) == 3


@pytest.mark.parametrize(
    ("architecture", "digest"),
    [
        (with_unit(Basic(), Sum()), "5ea8ed32d09406b6"),
        (with_unit(Bottleneck(ratio=0.5), Concat(growth=8)), "8c71006f4809e348"),
        (with_unit(Separable(kernel=5), Hierarchical()), "a3c2b53da113148b"),
        (REFERENCES["densenet_bc_100_12"]((3, 224, 224), 1000), "5b1dea0be4a93f56"),
        (REFERENCES["dla34"]((3, 224, 224), 1000), "84600a9f0cf602b2"),
        (REFERENCES["googlenet"]((3, 224, 224), 1000), "eee144ec98d8af36"),
    ],
)
def test_hashes_of_old_runs_stay_valid(architecture, digest):
    assert canonical_hash(architecture) == digest
