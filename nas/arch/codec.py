"""Architecture <-> JSON.

The JSON follows the tree, with the kind of a unit, aggregation or stem layer beside its
fields, and a schema version on top. Fields that stand at their default may be left out.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from math import isfinite
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final, TypeVar, cast

from nas.arch.aggregations import AGGREGATIONS
from nas.arch.architecture import Architecture, AuxHead, Norm
from nas.arch.block import STEM_LAYERS, Block, Pool
from nas.arch.custom import CustomAggregation, CustomUnit, Plugin
from nas.arch.units import UNITS
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
        "stem": [tagged(layer) for layer in architecture.stem],
        "blocks": [_block_json(block) for block in architecture.blocks],
        "fusion": architecture.fusion,
        "aux": [_flat(head) for head in architecture.aux],
        "activation": architecture.activation,
        "norm": _flat(architecture.norm),
        "dropout": architecture.dropout,
    }
    if architecture.genes is not None:
        data["genes"] = dict(architecture.genes)
    return data


def from_json(data: object, plugins: Iterable[Path] = ()) -> Architecture:
    """Return the architecture that ``to_json`` wrote.

    Args:
        data: what ``json.loads`` gave.
        plugins: folders to look for the files of custom units and aggregations in.

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
    _check_names("", tree, Architecture)
    folders = tuple(plugins)
    built: dict[str, Any] = dict(tree)
    if "genes" in tree:
        built["genes"] = _genes(tree["genes"])
    built["input_shape"] = _shape(tree["input_shape"])
    built["stem"] = tuple(
        _variant(where, "stem layer", item, STEM_LAYERS)
        for where, item in _members("stem", tree["stem"])
    )
    built["blocks"] = tuple(
        _block(where, item, folders)
        for where, item in _members("blocks", tree["blocks"])
    )
    built["aux"] = tuple(
        _build(where, item, AuxHead)
        for where, item in _members("aux", tree.get("aux", []))
    )
    if "norm" in tree:
        built["norm"] = _build("norm", tree["norm"], Norm)
    return Architecture(**built)


def read(path: Path) -> Architecture:
    """Read an architecture from a JSON file.

    Raises:
        SpecError: when the file cannot be read or holds no architecture.
    """
    try:
        # A pipe that nobody writes to would have us wait for ever.
        is_file = S_ISREG(path.stat().st_mode)
        raw = b""
        if is_file:
            with path.open("rb") as file:
                raw = file.read(_JSON_LIMIT_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    if not is_file:
        what = "Is a directory" if path.is_dir() else "no regular file"
        raise SpecError(f"{path}: cannot be read: {what}")
    if len(raw) > _JSON_LIMIT_BYTES:
        raise SpecError(f"{path}: must have at most {_JSON_LIMIT_BYTES} bytes")
    try:
        data = json.loads(raw)
    except json.JSONDecodeError as error:
        raise SpecError(
            f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
        ) from None
    except (ValueError, RecursionError):  # bytes, digits or depth beyond all reason
        raise SpecError(f"{path}: not JSON") from None
    # In a run, an architecture lies in trials/N and the plugins beside trials.
    folders = (path.parent, path.parent / "plugins", path.parent / "../../plugins")
    try:
        return from_json(data, folders)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


def tagged(spec: Any) -> dict[str, Any]:
    """Return a unit, aggregation or stem layer as JSON data, its kind first."""
    if isinstance(spec, CustomUnit | CustomAggregation):
        return {
            "kind": spec.kind,
            "name": spec.name,
            "plugin": {"file": spec.plugin.file, "sha256": spec.plugin.sha256},
            "options": dict(spec.options),
        }
    return {"kind": spec.kind, **_flat(spec)}


def _block_json(block: Block) -> dict[str, Any]:
    data: dict[str, Any] = {
        "aggregation": tagged(block.aggregation),
        "unit": tagged(block.unit),
        "depth": block.depth,
        "width": block.width,
        "stride": block.stride,
    }
    if block.pool is not None:
        data["pool"] = _flat(block.pool)
    return data


def _flat(spec: Any) -> dict[str, Any]:
    return {field.name: getattr(spec, field.name) for field in fields(spec)}


def _block(where: str, data: object, folders: tuple[Path, ...]) -> Block:
    tree = dict(_mapping(where, data))
    _check_names(where, tree, Block)
    for what, table, custom in (
        ("aggregation", AGGREGATIONS, CustomAggregation),
        ("unit", UNITS, CustomUnit),
    ):
        place, part = f"{where}.{what}", tree[what]
        if isinstance(part, Mapping) and part.get("kind") == "custom":
            tree[what] = _custom(place, part, custom, folders)
        else:
            tree[what] = _variant(place, what, part, cast(Mapping[str, Any], table))
    if tree.get("pool") is not None:
        tree["pool"] = _build(f"{where}.pool", tree["pool"], Pool)
    return _construct(where, tree, Block)


def _custom(where: str, data: object, cls: type[T], folders: tuple[Path, ...]) -> T:
    tree = dict(_mapping(where, data))
    del tree["kind"]
    _check_names(where, tree, cls)
    name, file = tree["name"], _mapping(f"{where}.plugin", tree["plugin"])
    if not isinstance(name, str) or not name.isidentifier():
        raise SpecError(f"{where}.name must be a class's name; got {shown(name)}")
    if set(file) != {"file", "sha256"} or not all(
        isinstance(value, str) for value in file.values()
    ):
        raise SpecError(f"{where}.plugin must have a file and its sha256")
    tree["plugin"] = _found(where, file["file"], file["sha256"], folders)
    options = _genes(tree.get("options", {}), f"{where}.options")
    tree["options"] = tuple(sorted(options.items()))
    return _construct(where, tree, cls)


def _found(where: str, file: str, sha256: str, folders: tuple[Path, ...]) -> Plugin:
    """Return the plugin of a name and content, wherever it lies."""
    if Path(file).name != file or not file.endswith(".py"):
        raise SpecError(
            f"{where}.plugin.file must be the name of a .py file; got {shown(file)}"
        )
    others = []
    for folder in folders:
        if (folder / file).is_file():
            plugin = Plugin.of(folder / file)
            if plugin.sha256 == sha256:
                return plugin
            others.append(str(plugin.path))
    if others:
        raise SpecError(
            f"{where}.plugin: {others[0]} has changed since the architecture was "
            "written; bring back the file as it was"
        )
    raise SpecError(f"{where}.plugin: {file} is missing; put it beside this file")


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


def _check_names(where: str, tree: Mapping[str, Any], cls: Any) -> None:
    prefix = f"{where}." if where else ""
    names = [field.name for field in fields(cls)]
    for name in tree:
        if name not in names:
            raise SpecError(f"{prefix}{unknown('field', name, names)}")
    for field in fields(cls):
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in tree:
            raise SpecError(f"{prefix}{field.name} is missing; it has no default")


def _genes(data: object, where: str = "genes") -> Mapping[str, Any]:
    genes = _mapping(where, data)
    for name, value in genes.items():
        scalar = isinstance(value, int | float | str | bool)
        if not scalar or (isinstance(value, float) and not isfinite(value)):
            raise SpecError(
                f"{where}[{shown(name)}] must be a finite scalar; got {shown(value)}"
            )
    return genes


def _shape(data: object) -> tuple[int, int, int]:
    shape = tuple(_list("input_shape", data))
    return cast(tuple[int, int, int], shape)  # Architecture checks it


def _mapping(where: str, data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise SpecError(f"{where} must be an object; got {type(data).__name__}")
    return data


def _list(where: str, data: object) -> list[Any]:
    if not isinstance(data, list):
        raise SpecError(f"{where} must be a list; got {type(data).__name__}")
    return data


def _members(where: str, data: object) -> list[tuple[str, Any]]:
    return [(f"{where}[{i}]", item) for i, item in enumerate(_list(where, data))]
