"""Functions that stand, verbatim, in exported files; they need torch alone."""

import json
import math
from pathlib import Path

import torch
from torch import Tensor

DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file: a JSON header, then their bytes."""
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    if not 8 < start <= len(data):
        raise ValueError(f"{path}: not a .safetensors file, or not all of it")
    raw = torch.frombuffer(data, dtype=torch.uint8)[start:]
    tensors = {}
    try:
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            # The copy is aligned, which the bytes in the file need not be.
            tensor = raw[begin:end].clone().view(DTYPES[entry["dtype"]])
            tensors[name] = tensor.view(entry["shape"])
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a sound .safetensors file") from error
    return tensors


def read_image(path: Path, input_shape: tuple[int, int, int]) -> Tensor:
    """Return a picture in the size that a network expects: (1, C, H, W) in [0, 1].

    The right way up, on white where it is transparent, the upper 8 of 16 bits.
    """
    channels, height, width = input_shape
    modes = {1: "L", 3: "RGB"}
    if channels not in modes:
        raise ValueError(f"a picture has 1 or 3 channels; the network takes {channels}")
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise ValueError("pictures need Pillow: pip install pillow") from None
    try:
        opened = Image.open(path)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path}: {error}") from None
    with opened as file:
        file.draft("RGB", (2 * width, 2 * height))
        image = ImageOps.exif_transpose(file)
        if image.mode.startswith("I"):
            deep = image.convert("I")
            levels = torch.frombuffer(bytearray(deep.tobytes()), dtype=torch.int32)
            unit = 256 if image.mode != "I" or levels.max() > 255 else 1
            image = deep.point(lambda level: level / unit)
        elif image.has_transparency_data:
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image.convert("RGBA"))
        image = image.convert("L" if image.mode == "I" else "RGB")
    if image.size != (width, height):
        bilinear = Image.Resampling.BILINEAR
        image = image.resize((width, height), bilinear, reducing_gap=3)
    pixels = image.convert(modes[channels]).tobytes()
    data = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
    return data.view(1, height, width, channels).permute(0, 3, 1, 2) / 255


def pattern(number: int, input_shape: tuple[int, int, int]) -> Tensor:
    """Return images (N, C, H, W) in [0, 1] that are the same wherever they are made."""
    # Random numbers need not be the same in another version of PyTorch.
    place = torch.arange(number * math.prod(input_shape))
    level = (place * 2654435761 >> 24) % 256
    return level.view(number, *input_shape) / 255
