"""The parts of an architecture in words."""

from collections.abc import Sequence

from nas.arch import (
    Architecture,
    AuxHead,
    Block,
    Bottleneck,
    Chain,
    Concat,
    CustomAggregation,
    CustomUnit,
    Hierarchical,
    Inception,
    Inverted,
    Norm,
    Pool,
    PreactBottleneck,
    StemLayer,
    Sum,
)


def describe_stem(architecture: Architecture) -> str:
    """Return a stem in words: 'conv 7x7 to 64, stride 2; max pool 3x3, stride 2'.

    What holds for the whole network and is no default stands behind it.
    """
    stem = architecture.stem
    text = "; ".join(_stem_layer(layer, alone=len(stem) == 1) for layer in stem)
    style = []
    if architecture.activation != "relu":
        style.append(architecture.activation)
    if architecture.norm != Norm():
        norm = architecture.norm
        eps = f" (eps {norm.eps:g})" if norm.eps != Norm().eps else ""
        style.append(f"{norm.kind} norm{eps}")
    return f"{text}; {' and '.join(style)} throughout" if style else text


def describe_block(block: Block, w_in: int) -> str:
    """Return a block that gets ``w_in`` channels in words.

    Such as 'concat of 4 x separable 5x5, growth 12, grows 16 → 64, compressed to 32'.
    """
    stride = f", stride {block.stride}" if block.stride > 1 else ""
    pool = "" if block.pool is None else f"{_pool(block.pool)}; "
    name, detail = _aggregation(block, w_in)
    units = f"{name} of {block.depth} x {_unit(block, w_in)}"
    if block.aggregation == Chain() and block.depth == 1:
        units = _unit(block, w_in)
    return f"{pool}{units}{detail}{stride}"


def describe_fusion(architecture: Architecture) -> str | None:
    """Return how stages reach the head in words, None where the last one does alone."""
    stages = [architecture.widths[i + 1] for i in architecture.stage_ends]
    if architecture.fusion == "last" or len(stages) == 1:
        return None
    if architecture.fusion == "concat":
        widths = " + ".join(map(str, stages))
        return f"averages of {len(stages)} stages concatenated, {widths}"
    widths = " → ".join(map(str, stages))
    return f"{len(stages)} stages merged one by one, {widths}"


def describe_head(architecture: Architecture) -> str:
    """Return a head in words: 'average pool, dropout 0.2, linear'."""
    layers = ["average pool"]
    if architecture.dropout:
        layers.append(f"dropout {architecture.dropout:g}")
    return ", ".join([*layers, "linear"])


def describe_aux(head: AuxHead) -> str:
    """Return an auxiliary head in words; blocks are counted from 1."""
    layers = ["average pool" if head.pool == 1 else f"average pool to {_by(head.pool)}"]
    if head.width:
        layers.append(f"conv 1x1 to {head.width}")
    if head.hidden:
        layers.append(f"linear to {head.hidden}")
        if head.dropout:
            layers.append(f"dropout {head.dropout:g}")
    layers += ["linear", f"loss weight {head.weight:g}"]
    return f"training only, after block {head.after + 1}: {', '.join(layers)}"


def _stem_layer(layer: StemLayer, alone: bool) -> str:
    if isinstance(layer, Pool):
        return _pool(layer)
    width = "" if alone else f" to {layer.width}"
    stride = f", stride {layer.stride}" if layer.stride > 1 else ""
    norm = "" if layer.norm else ", no norm"
    return f"conv {_by(layer.kernel)}{width}{stride}{norm}"


def _pool(pool: Pool) -> str:
    stride = f", stride {pool.stride}" if pool.stride > 1 else ""
    return f"{pool.type} pool {_by(pool.kernel)}{stride}"


def _aggregation(block: Block, w_in: int) -> tuple[str, str]:
    """Return the name of a block's aggregation, and what else there is to it."""
    match block.aggregation:
        case Chain():
            return "chain", ""
        case Sum(shortcut=shortcut, gain=gain):
            changed = block.stride > 1 or block.width != w_in
            detail = ", padded shortcut" if changed and shortcut == "pad" else ""
            return "sum", detail + ("" if gain == 1 else f", gain {gain:g}")
        case Concat(growth=growth, compress=compress):
            grown = w_in + block.depth * growth
            detail = f", growth {growth}, grows {w_in} → {grown}"
            return "concat", detail + (f", compressed to {block.width}" * compress)
        case Hierarchical(residual_root=residual_root, carry_input=carry_input):
            detail = ", residual nodes" if residual_root else ""
            return "tree", detail + ("" if carry_input else ", input not carried")
        case CustomAggregation(name=name, options=options):
            return name, "".join(f", {key} {value}" for key, value in options)


def _unit(block: Block, w_in: int) -> str:
    unit = block.unit
    widths = unit.derived(*block.unit_widths(w_in)[0])
    if isinstance(unit, CustomUnit):
        options = [f"{key} {value}" for key, value in unit.options]
        return unit.name + _in_brackets(options)
    details: list[str] = []
    match unit:
        case Bottleneck() | PreactBottleneck():
            details = [f"{widths['hidden']} hidden"]
            if isinstance(unit, Bottleneck) and unit.groups > 1:
                details.append(f"{unit.groups} groups")
        case Inverted(expansion=expansion, squeeze=squeeze):
            details = [f"expansion {expansion:g}"]
            if squeeze:
                details.append(f"squeeze {squeeze:g}")
        case Inception(kernel=kernel):
            details = [
                f"1x1 {widths['conv1']}",
                f"3x3 {widths['reduce3']} → {widths['conv3']}",
                f"{_by(kernel)} {widths['reducek']} → {widths['convk']}",
                f"pool {widths['pool']}",
            ]
            return "inception" + _in_brackets(details)
    return f"{unit.kind.replace('_', ' ')} {_by(unit.kernel)}{_in_brackets(details)}"


def _in_brackets(details: Sequence[str]) -> str:
    return f" ({', '.join(details)})" if details else ""


def _by(side: int) -> str:
    return f"{side}x{side}"
