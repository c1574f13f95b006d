"""Gives two networks the same random weights and compares what they compute."""

import torch
from structure import paired
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import update_bn

from nas.nn.network import DeepSupervision

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
AUX_WEIGHT = 0.3


def assert_same_function(
    theirs: nn.Module,
    ours: nn.Module,
    input_shape: tuple[int, int, int],
    dtype: torch.dtype,
    batch: int = 4,
) -> None:
    """Compare two networks on random images, in evaluation and in training.

    Gives the first fresh random weights and the second a copy of them.
    """
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(batch, *input_shape, generator=rng, dtype=dtype)
    for network in (theirs, ours):
        network.to(dtype)
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0  # the two would draw different masks
    pairs = paired(theirs, ours, images)
    _randomize(theirs, [left for left, _ in pairs], images, rng)
    for left, right in pairs:
        _copy(left, right)
    for training in (False, True):
        expected = _computed(theirs.train(training), [a for a, _ in pairs], images)
        got = _computed(ours.train(training), [b for _, b in pairs], images)
        assert list(got) == list(expected)
        for what, reference in expected.items():
            error = _relative_error(got[what], reference)
            assert error <= TOLERANCE[dtype], f"{what}, training: {training}"


def _randomize(
    network: nn.Module, layers: list[nn.Module], images: Tensor, rng: torch.Generator
) -> None:
    """Leave no scale at 1, no shift at 0 and no statistics at what the images give."""
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5, generator=rng)
        else:
            nn.init.kaiming_normal_(layer.weight, generator=rng)
        if layer.bias is not None:
            nn.init.normal_(layer.bias, 0.0, 0.2, generator=rng)
    # Statistics from thin air would let the logits grow until softmax hides them.
    update_bn([images], network)
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            like = layer.running_var
            noise = torch.randn(like.shape, generator=rng, dtype=like.dtype)
            layer.running_mean += 0.2 * noise * like.sqrt()
            layer.running_var *= 0.5 + torch.rand(like.shape, generator=rng)


def _copy(left: nn.Module, right: nn.Module) -> None:
    target = right.state_dict()
    for name, value in left.state_dict().items():
        target[name].copy_(value.reshape(target[name].shape))


def _computed(
    network: nn.Module, layers: list[nn.Module], images: Tensor
) -> dict[str, Tensor]:
    """Return outputs, and the layers' gradients and statistics after a pass."""
    outputs = _outputs(network, images)
    labels = torch.arange(len(images)) % outputs[0].shape[1]
    losses = [cross_entropy(logits, labels) for logits in outputs]
    network.zero_grad()
    (losses[0] + sum(AUX_WEIGHT * loss for loss in losses[1:])).backward()

    found = {f"output {i}": logits.detach() for i, logits in enumerate(outputs)}
    gradients = {}
    for i, layer in enumerate(layers):
        for name, parameter in layer.named_parameters():
            if parameter.grad is not None:
                gradients[f"gradient of layer {i}, {name}"] = parameter.grad
        if isinstance(layer, nn.BatchNorm2d):
            found[f"mean of layer {i}"] = layer.running_mean.clone()
            found[f"variance of layer {i}"] = layer.running_var.clone()
    if images.dtype == torch.float32:
        # That of one layer can be little but rounding: a norm's shift ahead of the
        # next norm, say. They are compared one by one in float64.
        flat = torch.cat([gradient.flatten() for gradient in gradients.values()])
        gradients = {f"gradients of {', '.join(gradients)}": flat}
    return found | {name: value.clone() for name, value in gradients.items()}


def _outputs(network: nn.Module, images: Tensor) -> list[Tensor]:
    """Return the logits, in training also those of the auxiliary heads."""
    found = network(images)
    if isinstance(found, Tensor):
        return [found]
    if isinstance(network, DeepSupervision):
        logits, auxiliary = found
        return [logits, *auxiliary]
    logits, *auxiliary = found
    return [logits, *reversed(auxiliary)]  # torchvision has the last head first


def _relative_error(value: Tensor, reference: Tensor) -> float:
    """Return the norm of the difference in units of the reference's norm."""
    size = reference.norm()
    assert size > 0, "nothing to compare"
    return float((value.reshape(reference.shape) - reference).norm() / size)
