"""A search space from its YAML file.

The options of a unit or aggregation are the fields of its spec in ``nas.arch``, and its
rules are that spec's own: nothing is described here a second time.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TypeVar

from nas.arch import AGGREGATIONS, UNITS, Block, Gene, Stem
from nas.errors import SpecError, unknown
from nas.space.domains import Choice, Domain, FloatRange, IntRange
from nas.space.nodes import Node, read_yaml
from nas.space.space import BlockSpace, SearchSpace, StemSpace, Variant

SCHEMA: Final = 1
_RANGE_KEYS: Final = ("int", "float", "step", "log")
_BLOCK_KEYS: Final = ("aggregation", "unit", "depth", "width", "stride")
_ONE: Final = Choice((1,))
_MOST_DEPTH: Final = 256
_MOST_CHANNELS: Final = 1 << 16
_JUDGED: Final = 64  # of a range's values, besides its ends

T = TypeVar("T")


def read_space(path: Path, name: str | None = None) -> SearchSpace:
    """Read a search space from a file, which names it unless a name is given.

    Raises:
        SpaceError: 'file:line:column: what rule got remedy' for the first mistake.
    """
    root, text = read_yaml(path)
    entries = root.mapping(
        known=(
            "schema",
            "description",
            "widths",
            "multiple_of",
            "min_width",
            "stem",
            "block",
            "blocks",
        ),
        required=("schema", "widths", "stem", "blocks"),
    )
    schema = entries["schema"].scalar()
    if type(schema) is not int or schema != SCHEMA:
        raise entries["schema"].error(f"must be {SCHEMA}; got {schema!r}")
    solved = _widths_mode(entries["widths"])
    multiple_of = _integer(entries, "multiple_of", 4 if solved else 1)
    min_width = _integer(entries, "min_width", multiple_of)
    if min_width % multiple_of:
        raise entries["min_width"].error(
            f"must be a multiple of multiple_of, {multiple_of}; got {min_width}; "
            f"use {-(-min_width // multiple_of) * multiple_of}"
        )
    template = entries["block"].mapping(known=_BLOCK_KEYS) if "block" in entries else {}
    blocks = entries["blocks"].sequence()
    if not blocks:
        raise entries["blocks"].error("must have at least one block; add one")
    return SearchSpace(
        name=name or path.stem,
        description=entries["description"].string() if "description" in entries else "",
        solved=solved,
        multiple_of=multiple_of,
        min_width=min_width,
        stem=_stem(entries["stem"], solved),
        blocks=tuple(_block(block, template, solved) for block in blocks),
        text=text,
    )


def _widths_mode(node: Node) -> bool:
    mode = node.scalar()
    if mode not in ("solved", "absolute"):
        raise node.error(
            "must be 'solved' (relative widths, scaled to a target size) or "
            f"'absolute' (channels); got {mode!r}"
        )
    return mode == "solved"


def _integer(entries: Mapping[str, Node], name: str, default: int) -> int:
    return entries[name].integer(at_least=1) if name in entries else default


def _stem(node: Node, solved: bool) -> StemSpace:
    entries = node.mapping(known=("width", "kernel", "stride"))
    return StemSpace(
        width=_width(entries, node, solved),
        kernel=_field(entries, "kernel", Stem, {"width": 1}),
        stride=_field(entries, "stride", Stem, {"width": 1}),
    )


def _block(node: Node, template: Mapping[str, Node], solved: bool) -> BlockSpace:
    entries = dict(template) | node.mapping(known=_BLOCK_KEYS)
    for name in ("aggregation", "unit"):
        if name not in entries:
            raise node.error(f"must have the key {name!r}; add it here or in 'block'")
    unit = _variants(entries["unit"], "unit", UNITS, solved)
    aggregation = _variants(entries["aggregation"], "aggregation", AGGREGATIONS, solved)
    space = BlockSpace(
        aggregation=aggregation,
        unit=unit,
        depth=_depth(entries.get("depth")),
        width=_width(entries, node, solved),
        stride=_positive(entries.get("stride"), _MOST_CHANNELS),
    )
    _check_depths(entries, space, node)
    return space


def _variants(
    node: Node, what: str, table: Mapping[str, type[Any]], solved: bool
) -> tuple[Variant, ...]:
    """Read 'kind', [kind, ...] or {kind: options, ...}."""
    options: dict[str, Node | None] = {}
    if node.is_mapping:
        options |= node.mapping()
    else:
        for item in node.sequence() if node.is_sequence else [node]:
            kind = item.string()
            if kind in options:
                raise item.error(f"stands in the list twice: {kind!r}; keep one")
            options[kind] = None
    if not options:
        raise node.error(f"must name at least one {what}: {', '.join(table)}")
    for kind in options:
        if kind not in table:
            raise (options[kind] or node).error(f"is an {unknown(what, kind, table)}")
    return tuple(
        _variant(kind, table[kind], options[kind], node, what, solved)
        for kind in options
    )


def _variant(
    kind: str, cls: type[Any], node: Node | None, parent: Node, what: str, solved: bool
) -> Variant:
    own_depth = ("depth",) if what == "aggregation" else ()
    names = tuple(field.name for field in fields(cls))
    empty = node is None or (not node.is_mapping and node.scalar() is None)
    entries: dict[str, Node] = {}
    if node is not None and not empty:
        entries = node.mapping(known=(*names, *own_depth))
    place = node or parent
    needed = {f.name: 1 for f in fields(cls) if f.default is MISSING}
    for name in needed:
        if name not in entries:
            raise place.error(f"must say the {name!r} of {kind!r}; add {name}: ...")
    options = {}
    for name in names:
        if name not in entries:
            continue
        if solved and name == "growth":
            options[name] = _relative(entries[name], "growth")
        else:
            options[name] = _field(entries, name, cls, needed)
    depth = _depth(entries["depth"]) if "depth" in entries else None
    return Variant(kind=kind, options=options, depth=depth)


def _field(
    entries: Mapping[str, Node],
    name: str,
    cls: type[Any],
    needed: Mapping[str, Any],
) -> Domain:
    """Read the domain of a spec's field; the spec itself judges its values."""
    if name not in entries:
        default: Any = next(f.default for f in fields(cls) if f.name == name)
        return Choice((default,))
    node = entries[name]
    domain, values = _domain(node)
    within: list[tuple[Node, Gene]] = []
    if isinstance(domain, IntRange):
        steps = range(domain.low, domain.high, domain.step)
        within = [(node, value) for value in islice(steps, _JUDGED)]
    for place, value in chain(values, within):
        try:
            cls(**{**needed, name: value})
        except SpecError as error:
            rule = str(error).removeprefix(f"{name} ")
            raise place.error(rule) from None
    return domain


def _check_depths(entries: Mapping[str, Node], space: BlockSpace, block: Node) -> None:
    """Have a block's spec judge every depth that an aggregation may get."""
    for variant in space.aggregation:
        cls: Any = AGGREGATIONS[variant.kind]
        needed = {f.name: 1 for f in fields(cls) if f.default is MISSING}
        depths = variant.depth or space.depth
        assert not isinstance(depths, FloatRange)
        for depth in depths.options:
            assert isinstance(depth, int)
            try:
                Block(
                    aggregation=cls(**needed),
                    unit=UNITS["basic"](),
                    depth=depth,
                    width=1,
                )
            except SpecError as error:
                node = entries.get("depth", block)
                if variant.depth is not None:
                    node = entries["aggregation"].mapping()[variant.kind]
                    node = node.mapping()["depth"]
                rule = str(error).removeprefix("depth ")
                own = f"; or write {variant.kind}: {{depth: [2, 4]}}"
                hint = own if variant.depth is None else ""
                raise node.error(rule + hint) from None


def _width(entries: Mapping[str, Node], parent: Node, solved: bool) -> Domain:
    if solved:
        return _relative(entries["width"], "width") if "width" in entries else _ONE
    if "width" not in entries:
        raise parent.error("must say its width in channels; add width: ...")
    return _positive(entries["width"], _MOST_CHANNELS)


def _depth(node: Node | None) -> Domain:
    return _positive(node, _MOST_DEPTH)


def _positive(node: Node | None, at_most: int) -> Domain:
    """Read a domain of positive integers; nothing means 1."""
    if node is None:
        return _ONE
    domain, values = _domain(node)
    for place, value in values:
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not 1 <= value <= at_most
        ):
            raise place.error(
                f"must be an integer from 1 to {at_most:,}; got {value!r}; use one"
            )
    return domain


def _relative(node: Node, what: str) -> Domain:
    """Read a domain of a few positive numbers."""
    domain, values = _domain(node)
    if not isinstance(domain, Choice):
        raise node.error(
            f"must be a number or a list of numbers, because a relative {what} is "
            "solved for; write for example [0.75, 1, 1.5]"
        )
    for place, value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise place.error(f"must be a number; got {value!r}")
        if not 0 < value <= 1000:
            raise place.error(f"must be above 0 and at most 1000; got {value!r}")
    return domain


def _domain(node: Node) -> tuple[Domain, list[tuple[Node, Gene]]]:
    """Read a value, a list of values or a range, and the values that need a check."""
    if node.is_mapping:
        return _range(node)
    members = node.sequence() if node.is_sequence else [node]
    values: list[tuple[Node, Gene]] = []
    for member in members:
        value = member.scalar()
        if value is None:
            raise member.error("must have a value; it is empty")
        if any(
            value == v and isinstance(value, bool) is isinstance(v, bool)
            for _, v in values
        ):
            raise member.error(f"stands in the list twice: {value!r}; keep one")
        values.append((member, value))
    if not values:
        raise node.error("must have at least one option; the list is empty")
    return Choice(tuple(value for _, value in values)), values


def _range(node: Node) -> tuple[Domain, list[tuple[Node, Gene]]]:
    entries = node.mapping(known=_RANGE_KEYS)
    kind = [name for name in ("int", "float") if name in entries]
    if len(kind) != 1:
        raise node.error("must be a range {int: [low, high]} or {float: [low, high]}")
    ends = entries[kind[0]].sequence()
    if len(ends) != 2:
        raise entries[kind[0]].error(f"must be [low, high]; got {len(ends)} numbers")
    types: Any = int if kind[0] == "int" else (int, float)
    values: list[Any] = []
    for end in ends:
        value = end.scalar()
        if isinstance(value, bool) or not isinstance(value, types):
            raise end.error(f"must be {kind[0]}; got {value!r}")
        values.append(value)
    low, high = values
    if low >= high:
        raise entries[kind[0]].error(
            f"must have its low end first; got [{low}, {high}]; use [{high}, {low}]"
        )
    log = entries["log"].scalar() if "log" in entries else False
    if not isinstance(log, bool):
        raise entries["log"].error(f"must be true or false; got {log!r}")
    if log and low <= 0:
        raise ends[0].error(f"must be above 0 in a logarithmic range; got {low}")
    step = _integer(entries, "step", 1)
    if "step" in entries and (kind[0] == "float" or log or (high - low) % step):
        raise entries["step"].error(
            f"must divide {high} - {low} of an integer range without log; got {step}"
        )
    if kind[0] == "float":
        # Their values are never integers, even where the ends are written as such.
        domain = FloatRange(float(low), float(high), log)
        return domain, [(ends[0], domain.low), (ends[1], domain.high)]
    return IntRange(low, high, step, log), list(zip(ends, values, strict=True))
