"""Pairs the layers of two networks by nothing but how data flows through them."""

from itertools import groupby

from torch import Tensor, nn

Key = tuple[int, int, tuple[int, ...], tuple[int, ...]]


def paired(
    theirs: nn.Module, ours: nn.Module, images: Tensor
) -> list[tuple[nn.Module, nn.Module]]:
    """Return the layers of two networks that stand at the same place.

    Fails where the networks are not the same graph of layers, or where two layers of
    one network could change places, so that the pairs would be a guess.
    """
    left, right = _by_place(theirs, images), _by_place(ours, images)
    assert list(left) == list(right)
    return list(zip(left.values(), right.values(), strict=True))


def _by_place(network: nn.Module, images: Tensor) -> dict[Key, nn.Module]:
    """Return the layers that have parameters, by their place in the data flow.

    A place is the most layers that lie between the image and it and between it and an
    output, the shape of the weight, and the numbers of the layers that it reads.
    """
    sources = _sources(network, images)
    ahead: dict[nn.Module, int] = {}
    for layer, read in sources.items():
        ahead[layer] = 1 + max((ahead[source] for source in read), default=0)
    behind = dict.fromkeys(sources, 0)
    for layer, read in reversed(sources.items()):
        for source in read:
            behind[source] = max(behind[source], behind[layer] + 1)

    number: dict[nn.Module, int] = {}
    places: dict[Key, nn.Module] = {}
    for depth, level in groupby(sorted(sources, key=ahead.__getitem__), ahead.get):
        keys = {
            layer: (
                depth,
                behind[layer],
                _shape(layer),
                tuple(sorted(number[source] for source in sources[layer])),
            )
            for layer in level
        }
        for layer in sorted(keys, key=keys.__getitem__):
            assert keys[layer] not in places, "two layers at the same place"
            places[keys[layer]] = layer
            number[layer] = len(number)
    return places


def _sources(network: nn.Module, images: Tensor) -> dict[nn.Module, set[nn.Module]]:
    """Return each layer and those whose outputs it reads, in order of execution."""
    sources: dict[nn.Module, set[nn.Module]] = {}
    makers = {}  # what made a tensor, as autograd has it, and the layer it belongs to

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        assert layer not in sources, "a layer used twice"
        found, seen, open_ends = set(), set(), [output.grad_fn]
        while open_ends:
            for node, _ in open_ends.pop().next_functions:
                if node in makers:
                    found.add(makers[node])
                elif node is not None and node not in seen:
                    seen.add(node)
                    open_ends.append(node)
        sources[layer] = found
        makers[output.grad_fn] = layer

    layers = [m for m in network.modules() if list(m.parameters(recurse=False))]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    network.train()(images)
    for hook in hooks:
        hook.remove()
    assert len(sources) == len(layers), "a layer that is never used"
    return sources


def _shape(layer: nn.Module) -> tuple[int, ...]:
    """Return the weight's shape; a 1 x 1 convolution is a linear layer."""
    shape = tuple(layer.weight.shape)
    return shape[:2] if shape[2:] == (1, 1) else shape
