"""A search space from its YAML file.

The options of a part are the fields of its spec in ``nas.arch``, and its rules are that
spec's own: nothing is described here a second time.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final

from nas.arch import (
    ACTIVATIONS,
    AGGREGATIONS,
    FUSIONS,
    STEM_LAYERS,
    UNITS,
    AuxHead,
    Block,
    Conv,
    Gene,
    Norm,
    Plugin,
    Pool,
    StemConv,
    Sum,
)
from nas.arch.architecture import check_dropout
from nas.errors import SpecError, shown, unknown
from nas.space.custom import CustomKinds
from nas.space.domains import Choice, Domain, FloatRange
from nas.space.nodes import Node, read_yaml
from nas.space.options import (
    read_domain,
    read_judged,
    read_positive,
    read_relative,
    spec_options,
)
from nas.space.recipe_section import read_recipe
from nas.space.space import BlockSpace, Part, SearchSpace, Variant

SCHEMA: Final = 1
_KEYS: Final = (
    "schema",
    "description",
    "plugins",
    "widths",
    "multiple_of",
    "min_width",
    "stem",
    "block",
    "blocks",
    "fusion",
    "aux",
    "activation",
    "norm",
    "dropout",
    "recipe",
)
_BLOCK_KEYS: Final = ("aggregation", "unit", "depth", "width", "stride", "pool")
_ONE: Final = Choice((1,))
_MOST_BLOCKS: Final = 64
_MOST_DEPTH: Final = 256
_MOST_CHANNELS: Final = 1 << 16
_MOST_PARTS: Final = 64
"""Of stem layers, auxiliary heads and plugins."""


def read_space(path: Path, name: str | None = None) -> SearchSpace:
    """Read a search space from a file, which names it unless a name is given.

    Raises:
        SpaceError: 'file:line:column: what rule got remedy' for the first mistake.
    """
    root, text = read_yaml(path)
    entries = root.mapping(known=_KEYS, required=("schema", "widths", "stem", "blocks"))
    schema = entries["schema"].scalar()
    if type(schema) is not int or schema != SCHEMA:
        raise entries["schema"].error(f"must be {SCHEMA}; got {shown(schema)}")
    solved = _widths_mode(entries["widths"])
    for key in ("multiple_of", "min_width"):
        if key in entries and not solved:
            raise entries[key].error(
                "must not be set where widths are absolute, which are channels as they "
                "stand; leave it out, or write widths: solved"
            )
    multiple_of = _integer(entries, "multiple_of", 4 if solved else 1)
    min_width = _integer(entries, "min_width", multiple_of)
    if min_width % multiple_of:
        raise entries["min_width"].error(
            f"must be a multiple of multiple_of, {multiple_of}; got {min_width}; "
            f"use {-(-min_width // multiple_of) * multiple_of}"
        )
    plugins = _plugins(entries.get("plugins"), path.parent)
    reader = _BlockReader(solved, CustomKinds(plugins))
    template = entries["block"].mapping(known=_BLOCK_KEYS) if "block" in entries else {}
    blocks = entries["blocks"].sequence()
    if not 1 <= len(blocks) <= _MOST_BLOCKS:
        raise entries["blocks"].error(
            f"must have 1 to {_MOST_BLOCKS} blocks; got {len(blocks)}"
        )
    description = entries["description"].string() if "description" in entries else ""
    return SearchSpace(
        name=name or path.stem,
        description=description,
        solved=solved,
        multiple_of=multiple_of,
        min_width=min_width,
        stem=_stem(entries["stem"], solved),
        blocks=tuple(reader.block(block, template) for block in blocks),
        fusion=_named(entries.get("fusion"), "fusion", FUSIONS),
        aux=_aux(entries.get("aux"), len(blocks)),
        activation=_named(entries.get("activation"), "activation", ACTIVATIONS),
        norm=_norm(entries.get("norm")),
        dropout=_dropout(entries.get("dropout")),
        plugins=plugins,
        recipe=read_recipe(entries.get("recipe")),
        text=text,
    )


def _widths_mode(node: Node) -> bool:
    mode = node.scalar()
    if mode not in ("solved", "absolute"):
        raise node.error(
            "must be 'solved' (relative widths, scaled to a target size) or "
            f"'absolute' (channels); got {shown(mode)}"
        )
    return mode == "solved"


def _integer(entries: Mapping[str, Node], name: str, default: int) -> int:
    return entries[name].integer(at_least=1) if name in entries else default


def _plugins(node: Node | None, folder: Path) -> tuple[Plugin, ...]:
    """Read the list of Python files, beside the YAML file or in 'plugins' there."""
    found: list[Plugin] = []
    for item in _members(node):
        file = item.string()
        path = folder / file
        if not _is_file(path):
            path = folder / "plugins" / Path(file).name
        if not _is_file(path):
            raise item.error(
                f"must be the path of a Python file; found no {shown(file)}"
            )
        plugin = Plugin.of(path)
        if any(plugin.file == other.file for other in found):
            raise item.error(f"has a name that another one has: {plugin.file!r}")
        found.append(plugin)
    return tuple(found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _members(node: Node | None) -> list[Node]:
    """Return the members of a list of parts, of which a network has a few."""
    if node is None:
        return []
    members = node.sequence()
    if len(members) > _MOST_PARTS:
        raise node.error(
            f"must have at most {_MOST_PARTS} members; got {len(members):,}; "
            "leave some out"
        )
    return members


def _stem(node: Node, solved: bool) -> tuple[Part, ...]:
    """Read one convolution, or a list of {kind: options}."""
    if node.is_mapping:
        return (_stem_layer(node, node, StemConv, solved),)
    parts = []
    for item in _members(node):
        layers = item.mapping()
        if len(layers) != 1:
            raise item.error("must be one layer, such as {conv: {width: 1}}")
        ((kind, options),) = layers.items()
        if kind not in STEM_LAYERS:
            raise options.error(f"is an {unknown('stem layer', kind, STEM_LAYERS)}")
        parts.append(_stem_layer(options, item, STEM_LAYERS[kind], solved))
    if not parts or parts[0].cls is not StemConv:
        raise node.error("must start with a convolution; put {conv: {width: 1}} ahead")
    return tuple(parts)


def _stem_layer(node: Node, place: Node, cls: type[Any], solved: bool) -> Part:
    given: dict[str, Domain] = {"width": _ONE} if solved and cls is StemConv else {}
    relative = ("width",) if solved else ()
    options, _ = spec_options(node, place, cls, relative=relative, given=given)
    return Part(cls=cls, options=options)


def _named(node: Node | None, what: str, known: tuple[str, ...]) -> Domain:
    """Read names from a closed set; nothing means the first."""
    if node is None:
        return Choice((known[0],))
    domain, values = read_domain(node)
    for place, value in values:
        if value not in known:
            raise place.error(f"is an {unknown(what, value, known)}")
    return domain


def _aux(node: Node | None, num_blocks: int) -> tuple[Part, ...]:
    parts = []
    for item in _members(node):
        entries = item.mapping()
        weight = entries.get("weight")
        given: dict[str, Domain] = {"weight": Choice((AuxHead(after=0).weight,))}
        if weight is not None:
            given["weight"] = read_judged(weight, "weight", _judge_weight)
        options, _ = spec_options(item, item, AuxHead, given=given)
        last = _last(options["after"])
        if last >= num_blocks:
            raise entries["after"].error(
                f"must be the index of a block, 0 to {num_blocks - 1}; got {last}"
            )
        parts.append(Part(cls=AuxHead, options=options))
    return tuple(parts)


def _judge_weight(value: Gene) -> None:
    if isinstance(value, bool) or value != 0:  # 0 leaves the head out
        AuxHead(after=0, weight=value)  # type: ignore[arg-type]


def _norm(node: Node | None) -> Part:
    if node is None:
        return Part(cls=Norm, options={})
    if node.is_mapping:
        return Part(cls=Norm, options=spec_options(node, node, Norm)[0])
    domain = read_judged(node, "kind", lambda value: Norm(kind=str(value)))
    return Part(cls=Norm, options={"kind": domain})


def _dropout(node: Node | None) -> Domain:
    if node is None:
        return Choice((0.0,))
    return read_judged(node, "dropout", check_dropout)


class _BlockReader:
    """Reads blocks, each over a template."""

    def __init__(self, solved: bool, custom: CustomKinds) -> None:
        self.solved = solved
        self.custom = custom

    def block(self, node: Node, template: Mapping[str, Node]) -> BlockSpace:
        entries = dict(template) | node.mapping(known=_BLOCK_KEYS)
        for name in ("aggregation", "unit"):
            if name not in entries:
                raise node.error(
                    f"must have the key {name!r}; add it here or in 'block'"
                )
        space = BlockSpace(
            aggregation=self.variants(entries["aggregation"], "aggregation"),
            unit=self.variants(entries["unit"], "unit"),
            depth=read_positive(entries.get("depth"), _MOST_DEPTH),
            width=self.width(entries, node),
            stride=read_positive(entries.get("stride"), _MOST_CHANNELS),
            pool=_pool(entries),
        )
        _check_depths(entries, space, node)
        _check_gain(entries, space)
        return space

    def width(self, entries: Mapping[str, Node], node: Node) -> Domain:
        if self.solved:
            if "width" not in entries:
                return _ONE
            return read_relative(entries["width"], "width")
        if "width" not in entries:
            raise node.error("must say its width in channels; add width: ...")
        return read_positive(entries["width"], _MOST_CHANNELS)

    def variants(self, node: Node, what: str) -> tuple[Variant, ...]:
        """Read 'kind', [kind, ...] or {kind: options, ...}."""
        kinds: dict[str, Node] = {}
        if node.is_mapping:
            kinds |= node.mapping()
        else:
            for item in node.sequence() if node.is_sequence else [node]:
                kind = item.string()
                if kind in kinds:
                    raise item.error(
                        f"stands in the list twice: {shown(kind)}; keep one"
                    )
                kinds[kind] = item
        if not kinds:
            table = AGGREGATIONS if what == "aggregation" else UNITS
            raise node.error(f"must name at least one {what}: {', '.join(table)}")
        return tuple(
            self.variant(kind, place, place if node.is_mapping else None, what)
            for kind, place in kinds.items()
        )

    def variant(self, kind: str, place: Node, node: Node | None, what: str) -> Variant:
        table: Mapping[str, type[Any]] = AGGREGATIONS
        other: tuple[str, ...] = ("depth",)
        if what == "unit":
            table, other = UNITS, ()
        if kind not in table:
            if kind not in self.custom:
                known = [*table, *self.custom.names]
                raise place.error(f"is an {unknown(what, kind, known)}")
            return self.custom.variant(kind, node, place, what, _MOST_DEPTH)
        relative = ("growth",) if self.solved else ()
        options, rest = spec_options(
            node, place, table[kind], relative=relative, other=other
        )
        if self.solved and False in _options(options.get("compress", _ONE)):
            raise place.error(
                "must compress where widths are solved, because a width that has grown "
                "cannot be chosen; leave compress out, or write widths: absolute"
            )
        depth = read_positive(rest["depth"], _MOST_DEPTH) if "depth" in rest else None
        return Variant(kind=kind, cls=table[kind], options=options, depth=depth)


def _pool(entries: Mapping[str, Node]) -> Part | None:
    node = entries.get("pool")
    if node is None or (not node.is_mapping and node.scalar() is None):
        return None
    options, _ = spec_options(node, node, Pool)
    if "stride" in entries and entries["stride"].scalar() != 1:
        raise entries["stride"].error(
            "must be 1 in a block with a pool, which lowers the resolution by itself; "
            "use 1, or no pool"
        )
    return Part(cls=Pool, options=options)


def _check_depths(entries: Mapping[str, Node], space: BlockSpace, block: Node) -> None:
    """Have a block's spec judge every depth that an aggregation may get."""
    for variant in space.aggregation:
        if variant.plugin is not None:
            continue
        needed = {f.name: 1 for f in fields(variant.cls) if f.default is MISSING}
        aggregation = variant.cls(**needed)
        for depth in _options(variant.depth or space.depth):
            try:
                Block(aggregation=aggregation, unit=Conv(), depth=depth, width=1)
            except SpecError as error:
                node = entries.get("depth", block)
                if variant.depth is not None:
                    node = entries["aggregation"].mapping()[variant.kind]
                    node = node.mapping()["depth"]
                rule = str(error).removeprefix("depth ")
                own = f"; or write {variant.kind}: {{depth: [2, 4]}}"
                hint = own if variant.depth is None else ""
                raise node.error(rule + hint) from None


def _check_gain(entries: Mapping[str, Node], space: BlockSpace) -> None:
    """Have a block's spec judge the gain of a sum with every unit."""
    gains = [
        gain
        for variant in space.aggregation
        if variant.cls is Sum
        for gain in _options(variant.options.get("gain", _ONE))
    ]
    for unit in space.unit:
        for gain in gains:
            if unit.plugin is not None:
                continue
            some = unit.build({})
            try:
                Block(aggregation=Sum(gain=gain), unit=some, depth=1, width=8)
            except SpecError as error:
                raise entries["aggregation"].error(str(error)) from None


def _last(domain: Domain) -> Any:
    return max(domain.options) if isinstance(domain, Choice) else domain.high


def _options(domain: Domain) -> tuple[Any, ...]:
    if isinstance(domain, FloatRange):
        return (domain.low, domain.high)
    return domain.options
