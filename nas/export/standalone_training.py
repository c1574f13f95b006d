"""Functions that stand, verbatim, in exported ``train.py`` files.

They need torch and NumPy. There the constants have other values.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nas.export.standalone import DTYPES, read_image

CLASSES: tuple[str, ...] = ()
INPUT_SHAPE = (0, 0, 0)
BATCH_SIZE = 0


def read_split(data: Path, split: str) -> tuple[Tensor, Tensor]:
    """Return the images of a split, uint8 (N, C, H, W), and their classes, (N,)."""
    if data.is_dir():
        files = {f: f.parent.name for f in sorted((data / split).glob("*/[!.]*"))}
        if got := sorted({*files.values()} - {*CLASSES}) if files else "no pictures":
            raise ValueError(f"{data / split} must hold model.py's classes; got {got}")
        pictures = [(read_image(file, INPUT_SHAPE) * 255).byte() for file in files]
        return torch.cat(pictures), torch.tensor([*map(CLASSES.index, files.values())])
    with np.load(data) as arrays:
        images = torch.from_numpy(arrays[f"x_{split}"]).permute(0, 3, 1, 2)
        labels, names = torch.from_numpy(arrays[f"y_{split}"]), tuple(arrays["classes"])
    if (images.dtype, images.shape[1:], names) != (torch.uint8, INPUT_SHAPE, CLASSES):
        raise ValueError(f"{data} must have the size and the classes of model.py")
    return images.contiguous(), labels


@torch.inference_mode()
def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of the images that get their class."""
    network.eval()
    found = [network(part / 255).argmax(1) for part in torch.split(images, BATCH_SIZE)]
    return float((torch.cat(found) == labels).double().mean())


def balanced(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the mean of the classes' own accuracies."""
    chosen = [labels == label for label in set(labels.tolist())]
    return sum(accuracy(network, images[c], labels[c]) for c in chosen) / len(chosen)


def write_safetensors(tensors: dict[str, Tensor], path: Path) -> None:
    """Write what ``load`` of model.py reads: a JSON header, then the tensors' bytes."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, data = dict[str, object](), bytearray()
    for name, tensor in tensors.items():
        entry = {"dtype": names[tensor.dtype], "shape": list(tensor.shape)}
        header[name] = entry | {"data_offsets": [len(data), len(data) + tensor.nbytes]}
        data += tensor.cpu().numpy().tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
