import pytest
import torch
from architectures import architectures
from hypothesis import given, settings

from nas.arch.reference import REFERENCES
from nas.nn.build import block_modules, build, supervised
from nas.nn.cost import Cost, block_cost, cost, needs_closing, num_params
from nas.nn.measure import measure
from nas.nn.network import FusedNetwork


def built(architecture):
    with torch.device("meta"):  # no memory for weights, no time for the pass
        network = build(architecture)
        return network, supervised(architecture, network)


def num_trained(module):
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


@settings(max_examples=40)
@given(architectures())
def test_cost_is_what_the_built_network_has(architecture):
    network, trained = built(architecture)
    costs = cost(architecture)
    whole = measure(network, architecture.input_shape)
    assert costs.total == whole
    assert num_params(architecture) == whole.params
    assert costs.with_aux.params == num_trained(trained)

    assert costs.stem == measure(network.stem, architecture.input_shape)
    features = list(zip(architecture.widths, architecture.resolutions, strict=True))
    for i, module in enumerate(block_modules(architecture, network)):
        (w_in, size), (width, _) = features[i : i + 2]
        expected = block_cost(architecture.blocks[i], w_in, size)
        if needs_closing(architecture, i):
            expected = Cost(expected.params + 2 * width, expected.macs)
        if any(True for _ in module.parameters()):
            assert expected == measure(module, (w_in, *size))
        assert expected == costs.blocks[i]
    heads = zip(architecture.aux, costs.aux, trained.heads, strict=True)
    for spec, expected, head in heads:
        width, size = features[spec.after + 1]
        assert expected == measure(head, (width, *size))
    assert costs.with_aux.macs == whole.macs + sum(c.macs for c in costs.aux)
    assert costs.head == measure(network.head, (network.head.fc.in_features, 1, 1))
    if isinstance(network, FusedNetwork):
        assert costs.fusion.params == num_trained(network.fusion)
    else:
        assert costs.fusion == Cost(0, 0)


@pytest.mark.parametrize("name", REFERENCES)
def test_cost_of_famous_networks_is_what_is_built(name):
    architecture = REFERENCES[name]((3, 64, 64), 10)
    network, trained = built(architecture)
    costs = cost(architecture)
    assert costs.total == measure(network, (3, 64, 64))
    assert costs.with_aux.params == num_trained(trained)
    assert (costs.with_aux == costs.total) == (name != "googlenet")


def test_measure_counts_what_can_be_trained_and_leaves_the_module_as_it_was():
    layer = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1, bias=False), torch.nn.BatchNorm2d(4)
    )
    layer.requires_grad_(False)
    layer[1].requires_grad_(True)
    before = layer[1].running_mean.clone()
    assert measure(layer, (3, 5, 6)) == Cost(8, 3 * 4 * 9 * 5 * 6)
    assert layer.training
    assert torch.equal(layer[1].running_mean, before)
    assert not layer[0]._forward_hooks
