"""The hash, against what is built: another network, another hash, and only then."""

from dataclasses import fields, is_dataclass, replace

import pytest
from architectures import architectures
from hypothesis import given, settings

from nas.arch import (
    ACTIVATIONS,
    AGGREGATIONS,
    FUSIONS,
    UNITS,
    Aggregation,
    Architecture,
    AuxHead,
    Basic,
    Block,
    Concat,
    Norm,
    Pool,
    StemConv,
    Unit,
    canonical_hash,
)
from nas.arch.aggregations import SHORTCUTS
from nas.arch.architecture import NORMS
from nas.arch.block import POOLS
from nas.errors import SpecError
from nas.nn.layout import layout

CHOICES = {
    "fusion": FUSIONS,
    "activation": ACTIVATIONS,
    "shortcut": SHORTCUTS,
    "kind": NORMS,
    "type": POOLS,
}


def changes(spec):
    """(path, spec) for the same spec with one value changed, wherever it stands."""
    for field in fields(spec):
        if field.name == "genes":
            continue
        for path, value in variants(field.name, getattr(spec, field.name)):
            try:
                yield (field.name, *path), replace(spec, **{field.name: value})
            except SpecError:
                continue


def variants(name, value):
    """(path, value) for other values of a field, from its type alone."""
    match value:
        case None:
            yield (), Pool()
        case bool():
            yield (), not value
        case int():
            yield from (((), value + step) for step in (-1, 1, 2, 0.125))
        case float():
            yield from (((), other) for other in (value / 2, value + 0.125))
        case str():
            yield from (((), other) for other in CHOICES[name] if other != value)
        case tuple():
            for i, item in enumerate(value):
                for path, other in variants(name, item):
                    yield (i, *path), (*value[:i], other, *value[i + 1 :])
            yield (), value[:-1]
            yield (), (*value, value[-1]) if value else ()
        case _:
            assert is_dataclass(value)
            yield from changes(value)
            yield from others(value)


def others(value):
    """Specs of another kind in the place of one."""
    if isinstance(value, Unit):
        for cls in UNITS.values():
            if not isinstance(value, cls):
                yield (), cls(kernel=value.kernel)
    elif isinstance(value, Aggregation):
        for cls in AGGREGATIONS.values():
            if not isinstance(value, cls):
                yield (), cls(growth=4) if cls is Concat else cls()
    elif isinstance(value, StemConv):
        yield (), Pool()


def built(architecture):
    """What is built and trained: the constructor calls, what they are fed, the loss."""
    weights = [(head.after, head.weight) for head in architecture.aux]
    return architecture.input_shape, layout(architecture), weights


def proportions(architecture):
    """The channels that all relative fields come to."""
    pairs = zip(architecture.blocks, architecture.widths, strict=False)
    return [
        [block.unit.derived(*widths) for widths in block.unit_widths(w_in)]
        for block, w_in in pairs
    ]


@settings(max_examples=40)
@given(architectures(max_blocks=2))
def test_one_change_changes_the_hash_if_and_only_if_it_changes_the_network(a):
    digest, network, channels = canonical_hash(a), built(a), proportions(a)
    for path, other in changes(a):
        if path[-2:-1] == ("unit",) and path[-1] in a.blocks[path[1]].unit.relative:
            same = proportions(other) == channels
        else:
            same = built(other) == network
        assert (canonical_hash(other) == digest) == same, path


BLOCK = Block(aggregation=Concat(growth=4), unit=Basic(), depth=2, width=8)


@pytest.mark.parametrize(
    "spec",
    [
        *(cls() for cls in UNITS.values()),
        *(cls() for cls in AGGREGATIONS.values() if cls is not Concat),
        BLOCK.aggregation,
        BLOCK,
        StemConv(width=4),
        Pool(kernel=3),
        Norm(),
        AuxHead(after=0),
        Architecture(
            input_shape=(1, 8, 8),
            num_classes=2,
            stem=(StemConv(width=4),),
            blocks=(BLOCK,),
            aux=(AuxHead(after=0),),
        ),
    ],
    ids=lambda spec: type(spec).__name__,
)
def test_the_changes_reach_every_field(spec):
    names = {field.name for field in fields(spec)} - {"genes"}
    assert {path[0] for path, other in changes(spec) if other != spec} == names
