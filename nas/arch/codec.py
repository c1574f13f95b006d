"""Architecture <-> JSON, and the hash that identifies a network.

The JSON follows the tree, with the kind of a unit or aggregation beside its fields
and a schema version on top. The hash is taken over a canonical form, in which every
number that shapes the network stands as what it comes to, so that two specs of the
same network hash alike.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from math import isfinite
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from nas.arch.aggregations import AGGREGATIONS, Concat
from nas.arch.architecture import Architecture, Block, Stem
from nas.arch.units import UNITS, Bottleneck, Unit
from nas.errors import SpecError, shown, unknown

SCHEMA: Final = 1
_JSON_LIMIT_BYTES: Final = 1 << 20

T = TypeVar("T")


def to_json(architecture: Architecture) -> dict[str, Any]:
    """Return the architecture as plain JSON data."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "input_shape": list(architecture.input_shape),
        "num_classes": architecture.num_classes,
        "stem": _flat(architecture.stem),
        "blocks": [
            {
                "aggregation": _tagged(block.aggregation),
                "unit": _tagged(block.unit),
                "depth": block.depth,
                "width": block.width,
                "stride": block.stride,
            }
            for block in architecture.blocks
        ],
    }
    if architecture.genes is not None:
        data["genes"] = dict(architecture.genes)
    return data


def from_json(data: object) -> Architecture:
    """Return the architecture that ``to_json`` wrote.

    Raises:
        SpecError: naming the field, the rule and the value that breaks it.
    """
    tree = dict(_mapping("architecture", data))
    schema = tree.pop("schema", None)
    if schema != SCHEMA or isinstance(schema, bool):
        raise SpecError(
            f"schema must be {SCHEMA}; got {shown(schema)}; "
            "this file is not an architecture, or a newer nas wrote it"
        )
    genes = tree.pop("genes", None)
    if genes is not None:
        genes = _mapping("genes", genes)
        for name, value in genes.items():
            scalar = isinstance(value, int | float | str | bool)
            if not scalar or (isinstance(value, float) and not isfinite(value)):
                raise SpecError(
                    f"genes[{shown(name)}] must be a finite scalar; got {shown(value)}"
                )
    _check_names("", tree, Architecture, without=("genes",))
    blocks = _sequence("blocks", tree["blocks"])
    return Architecture(
        input_shape=_shape(tree["input_shape"]),
        num_classes=tree["num_classes"],
        stem=_build("stem", tree["stem"], Stem),
        blocks=tuple(_block(f"blocks[{i}]", item) for i, item in enumerate(blocks)),
        genes=genes,
    )


def read(path: Path) -> Architecture:
    """Read an architecture from a JSON file.

    Raises:
        SpecError: when the file cannot be read or holds no architecture.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_JSON_LIMIT_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > _JSON_LIMIT_BYTES:
        raise SpecError(
            f"{path}: an architecture has at most {_JSON_LIMIT_BYTES} bytes"
        )
    try:
        data = json.loads(raw)
    except json.JSONDecodeError as error:
        raise SpecError(
            f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
        ) from None
    except (ValueError, RecursionError):  # bytes, digits or depth beyond all reason
        raise SpecError(f"{path}: not JSON") from None
    try:
        return from_json(data)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


def canonical_hash(architecture: Architecture) -> str:
    """Return 16 hexadecimal digits that are the same for the same network."""
    data = to_json(architecture)
    data.pop("genes", None)
    for block, entry in zip(architecture.blocks, data["blocks"], strict=True):
        aggregation = block.aggregation
        w_unit = aggregation.growth if isinstance(aggregation, Concat) else block.width
        entry["unit"] = _resolved(block.unit, w_unit)
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _resolved(unit: Unit, w_out: int) -> dict[str, Any]:
    entry = _tagged(unit)
    if isinstance(unit, Bottleneck):
        del entry["ratio"]
        entry["hidden"] = unit.hidden(w_out)
    return entry


def _flat(spec: Any) -> dict[str, Any]:
    return {field.name: getattr(spec, field.name) for field in fields(spec)}


def _tagged(spec: Any) -> dict[str, Any]:
    return {"kind": spec.kind, **_flat(spec)}


def _block(where: str, data: object) -> Block:
    tree = dict(_mapping(where, data))
    _check_names(where, tree, Block)
    tree["aggregation"] = _variant(
        f"{where}.aggregation", "aggregation", tree["aggregation"], AGGREGATIONS
    )
    tree["unit"] = _variant(f"{where}.unit", "unit", tree["unit"], UNITS)
    return _construct(where, tree, Block)


def _variant(where: str, what: str, data: object, table: Mapping[str, type[T]]) -> T:
    tree = dict(_mapping(where, data))
    kind = tree.pop("kind", None)
    if not isinstance(kind, str) or kind not in table:
        raise SpecError(f"{where}.kind: {unknown(what, kind, table)}")
    return _build(where, tree, table[kind])


def _build(where: str, data: object, cls: type[T]) -> T:
    tree = dict(_mapping(where, data))
    _check_names(where, tree, cls)
    return _construct(where, tree, cls)


def _construct(where: str, tree: Mapping[str, Any], cls: type[T]) -> T:
    try:
        return cls(**tree)
    except SpecError as error:
        raise error.at(where) from None


def _check_names(
    where: str, tree: Mapping[str, Any], cls: Any, without: tuple[str, ...] = ()
) -> None:
    prefix = f"{where}." if where else ""
    known = [field for field in fields(cls) if field.name not in without]
    names = [field.name for field in known]
    for name in tree:
        if name not in names:
            raise SpecError(f"{prefix}{unknown('field', name, names)}")
    for field in known:
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in tree:
            raise SpecError(f"{prefix}{field.name} is missing; it has no default")


def _shape(data: object) -> tuple[int, int, int]:
    shape = tuple(_sequence("input_shape", data))
    return cast(tuple[int, int, int], shape)  # Architecture checks it


def _mapping(where: str, data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise SpecError(f"{where} must be an object; got {type(data).__name__}")
    return data


def _sequence(where: str, data: object) -> list[Any]:
    if not isinstance(data, list):
        raise SpecError(f"{where} must be a list; got {type(data).__name__}")
    return data
