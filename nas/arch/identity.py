"""The hash that identifies a network.

It is taken over a canonical form, in which every proportion stands as the channels that
it comes to and whatever makes no difference is left out, so that two specs of the same
network hash alike.
"""

import hashlib
import json
from dataclasses import replace
from typing import Any

from nas.arch.aggregations import Concat, Sum
from nas.arch.architecture import Architecture
from nas.arch.block import Block, Pool
from nas.arch.codec import tagged, to_json


def canonical_hash(architecture: Architecture) -> str:
    """Return 16 hexadecimal digits that are the same for the same network."""
    data = to_json(architecture)
    data.pop("genes", None)
    data["blocks"] = [
        _canonical_block(block, w_in)
        for block, w_in in zip(architecture.blocks, architecture.widths, strict=False)
    ]
    data["aux"] = sorted(data["aux"], key=lambda head: json.dumps(head, sort_keys=True))
    if len(architecture.stage_ends) == 1:
        data["fusion"] = "last"  # there is nothing to fuse
    text = json.dumps(_numbers_alike(data), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical_block(block: Block, w_in: int) -> dict[str, Any]:
    aggregation = tagged(block.aggregation)
    same_shape = block.stride == 1 and block.width == w_in
    if isinstance(block.aggregation, Sum) and same_shape:
        del aggregation["shortcut"]
    if isinstance(block.aggregation, Concat) and block.stride > 1:
        stride = block.stride
        pool = Pool(type="avg", kernel=stride, stride=stride)
        block = replace(block, stride=1, pool=pool)
    unit = tagged(block.unit)
    for name in block.unit.relative:
        del unit[name]
    pairs = block.unit_widths(w_in)
    return {
        "aggregation": aggregation,
        "unit": unit,
        "derived": [block.unit.derived(*pair) for pair in dict.fromkeys(pairs)],
        "depth": block.depth,
        "width": block.width,
        "stride": block.stride,
        "pool": None if block.pool is None else tagged(block.pool),
    }


def _numbers_alike(data: Any) -> Any:
    """Write 1 and 1.0 the same way."""
    match data:
        case dict():
            return {name: _numbers_alike(value) for name, value in data.items()}
        case list():
            return [_numbers_alike(value) for value in data]
        case float() if data.is_integer():
            return int(data)
    return data
