import json
from dataclasses import fields, replace

import pytest
from architectures import architectures
from hypothesis import assume, given
from hypothesis import strategies as st

from nas.arch import (
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Separable,
    Stem,
    Sum,
    canonical_hash,
    from_json,
    to_json,
)
from nas.arch.architecture import Architecture
from nas.errors import SpecError


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


def with_unit(unit, aggregation, width=16):
    return Architecture(
        input_shape=(1, 8, 8),
        num_classes=10,
        stem=Stem(width=8),
        blocks=(Block(aggregation=aggregation, unit=unit, depth=2, width=width),),
    )


@given(
    st.sampled_from([Sum(), Concat(growth=5), Hierarchical()]),
    st.floats(0.01, 4.0),
    st.floats(0.01, 4.0),
)
def test_ratios_hash_alike_when_their_hidden_width_is_the_same(aggregation, one, two):
    units = [Bottleneck(ratio=one), Bottleneck(ratio=two)]
    w_out = 5 if isinstance(aggregation, Concat) else 16
    alike = units[0].hidden(w_out) == units[1].hidden(w_out)
    hashes = {canonical_hash(with_unit(unit, aggregation)) for unit in units}
    assert len(hashes) == (1 if alike else 2)


def test_hidden_width_follows_growth_in_a_concat_block():
    # 0.25 and 0.3 differ at width 16, but both come to a hidden width of 1 at growth 4.
    one, two = Bottleneck(ratio=0.25), Bottleneck(ratio=0.3)
    in_concat = {canonical_hash(with_unit(u, Concat(growth=4))) for u in (one, two)}
    in_sum = {canonical_hash(with_unit(u, Sum())) for u in (one, two)}
    assert (len(in_concat), len(in_sum)) == (1, 2)


def test_whole_and_real_ratio_are_one_network():
    whole, real = (with_unit(Bottleneck(ratio=r), Sum()) for r in (2, 2.0))
    assert canonical_hash(whole) == canonical_hash(real)


def changes(architecture):
    """Architectures of another network: each differs in one place."""
    a = architecture
    yield replace(a, num_classes=a.num_classes + 1)
    yield replace(a, blocks=(*a.blocks, replace(a.blocks[-1], stride=1)))
    for i in range(3):
        shape = list(a.input_shape)
        shape[i] += 1
        yield replace(a, input_shape=tuple(shape))
    if len(a.blocks) > 1:
        yield replace(a, blocks=a.blocks[1:])
    for name, step in (("width", 1), ("kernel", 2), ("stride", 1)):
        yield from changed(a, "stem", name, step)
    for i, block in enumerate(a.blocks):
        for other in block_changes(block):
            try:
                yield replace(a, blocks=(*a.blocks[:i], other, *a.blocks[i + 1 :]))
            except SpecError:
                continue


def changed(spec, part, name, step):
    inner = getattr(spec, part)
    try:
        value = replace(inner, **{name: getattr(inner, name) + step})
        yield replace(spec, **{part: value})
    except SpecError:
        return


def block_changes(block):
    tree = isinstance(block.aggregation, Hierarchical)
    yield replace(block, depth=block.depth * 2 if tree else block.depth + 1)
    yield replace(block, width=block.width + 1)
    yield replace(block, stride=block.stride + 1)
    yield from changed(block, "unit", "kernel", 2)
    for unit in (Basic, Separable, Bottleneck):
        if not isinstance(block.unit, unit):
            yield replace(block, unit=unit(kernel=block.unit.kernel))
    others = [Sum(), Concat(growth=3)]
    if block.depth in (2, 4, 8):
        others += [
            Hierarchical(residual_root=r, carry_input=c)
            for r in (True, False)
            for c in (True, False)
        ]
    if isinstance(block.aggregation, Concat):
        others.append(Concat(growth=block.aggregation.growth + 1))
    for aggregation in others:
        if aggregation != block.aggregation:
            yield replace(block, aggregation=aggregation)


@given(architectures(max_blocks=2))
def test_any_change_of_the_network_changes_the_hash(architecture):
    others = list(changes(architecture))
    assume(others)
    hashes = [canonical_hash(other) for other in others]
    assert canonical_hash(architecture) not in hashes
    distinct = set(others)
    assert len(set(hashes)) == len(distinct)


def test_changes_reach_every_field():
    """A new field of a spec must be added to ``changes`` above."""
    known = {
        Architecture: {"input_shape", "num_classes", "stem", "blocks", "genes"},
        Stem: {"width", "kernel", "stride"},
        Block: {"aggregation", "unit", "depth", "width", "stride"},
        Basic: {"kernel"},
        Separable: {"kernel"},
        Bottleneck: {"kernel", "ratio"},
        Sum: set(),
        Concat: {"growth"},
        Hierarchical: {"residual_root", "carry_input"},
    }
    for spec, names in known.items():
        assert {field.name for field in fields(spec)} == names


@pytest.mark.parametrize(
    ("architecture", "digest"),
    [
        (with_unit(Basic(), Sum()), "8a2e9c196ee81dc2"),
        (with_unit(Bottleneck(ratio=0.5), Concat(growth=8)), "160c0066536a21de"),
        (with_unit(Separable(kernel=5), Hierarchical()), "e770c790edfebfad"),
    ],
)
def test_hashes_of_old_runs_stay_valid(architecture, digest):
    assert canonical_hash(architecture) == digest
