"""The auxiliary heads of an architecture as source, for its ``train.py``."""

from dataclasses import dataclass
from typing import Final

from nas.arch import Architecture
from nas.export.calls import Calls
from nas.export.dependencies import Needed, needed
from nas.export.formatting import INDENT, Apply, Name, statement
from nas.export.imports import Import
from nas.export.network_class import NetworkClass
from nas.nn.layout import layout

_START: Final = """\
    torch.manual_seed(args.seed)
    # Heads that help to train what is below them (Lee et al. 2015).\
"""
_END: Final = """\
    seen: dict[nn.Module, Tensor] = {}
    for block in blocks:
        block.register_forward_hook(lambda b, _, y: seen.update({b: y}))
    trained = nn.ModuleList([network, heads.apply(_initialize)])\
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auxiliary:
    """Statements of ``main`` that make the heads of ``network``, and what they need.

    They leave behind ``heads``, the ``weights`` of their losses, the ``blocks`` that
    they stand on, a dictionary ``seen`` with the latest output of each of these, and
    ``trained``, which is the network and its heads.
    """

    making: str
    needed: Needed
    imports: frozenset[Import]


def auxiliary(architecture: Architecture) -> Auxiliary:
    """Return the auxiliary heads, of which there must be some."""
    parts = layout(architecture)
    assert parts.aux, architecture
    held = needed(NetworkClass(parts, architecture).roots).definitions
    calls = Calls()
    heads = [calls.call(head) for _, head in parts.aux]
    paths = _paths(architecture) if parts.fusion else _numbered(architecture)
    making = [
        _START,
        statement("heads", Apply("nn.ModuleList", (heads,)), INDENT),
        statement("weights", tuple(head.weight for head in architecture.aux), INDENT),
        statement("blocks", [Name(paths[at]) for at, _ in parts.aux], INDENT),
        _END,
    ]
    return Auxiliary(
        making="\n".join(making),
        needed=needed(
            calls.roots, elsewhere={name for item in held for name in item.names}
        ),
        imports=frozenset(calls.imports),
    )


def _numbered(architecture: Architecture) -> list[str]:
    return [f"network.blocks[{i}]" for i in range(len(architecture.blocks))]


def _paths(architecture: Architecture) -> list[str]:
    """Return where the blocks are in a network that groups them by stage."""
    found: list[str] = []
    for stage, end in enumerate(architecture.stage_ends):
        count, path = end + 1 - len(found), f"network.blocks[{stage}]"
        # A stage of one block is that block.
        found += [path] if count == 1 else [f"{path}[{i}]" for i in range(count)]
    return found
