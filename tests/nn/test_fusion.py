"""How stages reach the head, against the definition of the papers."""

import torch

from nas.nn.fusion import ConcatFusion, HierarchicalFusion


def stages():
    torch.manual_seed(0)
    return [torch.rand(2, 3, 8, 5), torch.rand(2, 4, 4, 3), torch.rand(2, 6, 1, 1)]


def test_concat_is_every_stage_s_average():
    fused = ConcatFusion()(stages())
    assert fused.shape == (2, 13, 1, 1)
    averages = [stage.mean(dim=(2, 3)) for stage in stages()]
    torch.testing.assert_close(fused.flatten(1), torch.cat(averages, dim=1))


def test_hierarchical_merges_stage_by_stage():
    fusion = HierarchicalFusion([3, 4, 6]).eval()
    seen = []
    for node in fusion.nodes:
        node.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    first, second, third = stages()
    fused = fusion([first, second, third])
    assert fused.shape == third.shape
    pooled = torch.nn.functional.adaptive_max_pool2d(first, (4, 3))
    assert torch.equal(seen[0], torch.cat([pooled, second], dim=1))
    merged = fusion.nodes[0](seen[0])
    highest = merged.amax(dim=(2, 3), keepdim=True)
    assert torch.equal(seen[1], torch.cat([highest, third], dim=1))
    assert torch.equal(fused, fusion.nodes[1](seen[1]))
