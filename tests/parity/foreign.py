"""The networks of torchvision and timm, randomly initialised.

Import it in a process of its own: it declares operators that torchvision expects.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn


def _declare_operators() -> torch.library.Library | None:
    """Declare what torchvision's library defines, where torch cannot load it.

    The wheels that pip finds are compiled for CUDA; beside another torch the import
    still insists on these two operators, which no network here calls.
    """
    (folder,) = find_spec("torchvision").submodule_search_locations
    try:
        torch.ops.load_library(Path(folder) / "_C.so")
    except OSError:
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou) -> Tensor")
        return library
    return None


_OPERATORS = _declare_operators()  # they last as long as this object

import timm  # noqa: E402
from torchvision import models  # noqa: E402


def network(name: str, num_classes: int) -> nn.Module:
    """Return the network that goes by the same name as ours."""
    if name == "googlenet":
        return models.GoogLeNet(num_classes, aux_logits=True, init_weights=False)
    if name == "googlenet without heads":
        return models.GoogLeNet(num_classes, aux_logits=False, init_weights=False)
    if name == "densenet_bc_100_12":
        return _small_densenet(num_classes)
    if name.startswith("dla"):
        return timm.create_model(name, pretrained=False, num_classes=num_classes)
    return models.get_model(name, weights=None, num_classes=num_classes)


def _small_densenet(num_classes: int) -> nn.Module:
    """Return torchvision's DenseNet with the sizes and the stem for small images."""
    net = models.DenseNet(12, (16, 16, 16), 24, bn_size=4, num_classes=num_classes)
    net.features.conv0 = nn.Conv2d(3, 24, 3, padding=1, bias=False)
    for name in ("norm0", "relu0", "pool0"):
        setattr(net.features, name, nn.Identity())
    return net
