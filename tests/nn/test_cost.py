import torch
from architectures import architectures
from hypothesis import given, settings

from nas.nn.cost import Cost, block_cost, cost, num_params
from nas.nn.measure import measure
from nas.nn.network import build


@settings(max_examples=60)
@given(architectures())
def test_cost_is_what_the_built_network_has(architecture):
    with torch.device("meta"):  # no memory for weights, no time for the pass
        network = build(architecture)
    costs = cost(architecture)
    whole = measure(network, architecture.input_shape)
    assert costs.total == whole
    assert num_params(architecture) == whole.params

    assert costs.stem == measure(network.stem, architecture.input_shape)
    width, size = architecture.stem.width, architecture.resolutions[0]
    for spec, module, expected, resolution in zip(
        architecture.blocks,
        network.blocks,
        costs.blocks,
        architecture.resolutions[1:],
        strict=True,
    ):
        assert expected == measure(module, (width, *size))
        assert expected == block_cost(spec, width, size)
        width, size = spec.width, resolution
    assert costs.head == measure(network.head, (width, *size))


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
