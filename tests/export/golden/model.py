"""An image classifier for 10 classes, exported by nas.

name          cifar10-small
data          cifar10
accuracy      91.34 % on the validation split
parameters    50,218
MACs          14,323,648 for one image
recipe        40 epochs, batches of 128, sgd with a one-cycle schedule, peak learning
              rate 0.2, weight decay 0.0005, label smoothing 0.1, standard augmentation
origin        trial 42 of runs/small, seed 3

It takes images (N, 3, 32, 32) with values in [0, 1] and returns logits (N, 10). The
weights are in model.safetensors, which belongs beside this file; PyTorch is all that
both need.

    import torch
    from model import CLASSES, load

    network = load()
    with torch.inference_mode():
        best = network(images).argmax(dim=1)
    names = [CLASSES[i] for i in best]

`python model.py` describes the network, `python model.py cat.png` names what a picture
shows. To fine-tune it on classes of your own, train what `build(num_classes=5)`
returns: the same network with a new head. `Network(num_classes)` is the same network
with fresh weights.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
INPUT_SHAPE = (3, 32, 32)  # channels, height, width


Norm = Callable[[int], nn.Module]
Act = Callable[[], nn.Module]


def conv(
    w_in: int, w_out: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """Return a convolution without bias whose padding keeps the resolution."""
    return nn.Conv2d(
        w_in, w_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )


class ConvNormAct(nn.Sequential):
    """A convolution, a norm and an activation."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        kernel: int,
        stride: int = 1,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__(conv(w_in, w_out, kernel, stride), norm(w_out), act())


class NormAct(nn.Sequential):
    """A norm and an activation, behind preactivated units."""

    def __init__(
        self, width: int, norm: Norm = nn.BatchNorm2d, act: Act = nn.ReLU
    ) -> None:
        super().__init__(norm(width), act())


class NormActConv(nn.Sequential):
    """A norm, an activation and a 1 x 1 convolution."""

    def __init__(
        self, w_in: int, w_out: int, norm: Norm = nn.BatchNorm2d, act: Act = nn.ReLU
    ) -> None:
        super().__init__(norm(w_in), act(), conv(w_in, w_out, 1))


class Normalize(nn.Module):
    """Shift and scale images from [0, 1] to zero mean and unit deviation."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [0, 1] to what the network is trained on."""
        return (x - self.mean) / self.std


class Head(nn.Module):
    """Average over all positions, then one linear layer to the classes."""

    def __init__(self, w_in: int, num_classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(w_in, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, H, W) to logits (N, classes)."""
        return self.fc(self.dropout(x.mean(dim=(2, 3))))


class ConcatFusion(nn.Module):
    """Every stage's average over its positions, concatenated."""

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Map stages (N, C_i, H_i, W_i) to (N, sum of C_i, 1, 1)."""
        means = [stage.mean(dim=(2, 3), keepdim=True) for stage in stages]
        return torch.cat(means, dim=1)


class BasicUnit(nn.Module):
    """Two k x k convolutions, each normalised (He et al. 2016)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv1 = conv(w_in, w_out, kernel, stride)
        self.norm1 = norm(w_out)
        self.conv2 = conv(w_out, w_out, kernel)
        self.norm2 = norm(w_out)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if residual is not None:
            y = y + residual
        return self.act(y)


class PreactBottleneckUnit(nn.Module):
    """1 x 1 to a hidden width, then k x k, preactivated (Huang et al. 2017)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        *,
        hidden: int,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.norm1 = norm(w_in)
        self.conv1 = conv(w_in, hidden, 1)
        self.norm2 = norm(hidden)
        self.conv2 = conv(hidden, w_out, kernel, stride)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.conv1(self.act(self.norm1(x)))
        y = self.conv2(self.act(self.norm2(y)))
        return y if residual is None else y + residual


class SeparableUnit(nn.Module):
    """A depthwise k x k, then a 1 x 1 convolution (Howard et al. 2017)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        kernel: int = 3,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.depthwise = conv(w_in, w_in, kernel, stride, groups=w_in)
        self.norm1 = norm(w_in)
        self.pointwise = conv(w_in, w_out, 1)
        self.norm2 = norm(w_out)
        self.act = act()

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        y = self.act(self.norm1(self.depthwise(x)))
        y = self.norm2(self.pointwise(y))
        if residual is not None:
            y = y + residual
        return self.act(y)


Unit = Callable[[int, int, int], nn.Module]


def projection(
    w_in: int, w_out: int, stride: int, norm: Norm, preact: bool
) -> nn.Sequential:
    """Return what a shortcut needs to change its shape: nothing, or a convolution."""
    if stride == 1 and w_in == w_out:
        return nn.Sequential()
    if preact:
        return nn.Sequential(conv(w_in, w_out, 1, stride))
    return nn.Sequential(conv(w_in, w_out, 1, stride), norm(w_out))


class SumBlock(nn.Module):
    """Units in a row, each with a shortcut around it (ResNet, He et al. 2016)."""

    def __init__(
        self,
        w_in: int,
        w_out: int,
        depth: int,
        unit: Unit,
        stride: int = 1,
        shortcut: nn.Module | None = None,
        gain: float = 1.0,
        preact: bool = False,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.units = nn.ModuleList(
            unit(w_out if i else w_in, w_out, 1 if i else stride) for i in range(depth)
        )
        if shortcut is None:
            shortcut = projection(w_in, w_out, stride, norm, preact)
        self.shortcut = shortcut
        if gain != 1:
            self.scale_last_norms(gain)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        residual = self.shortcut(x)
        for unit in self.units:
            x = residual = unit(x, residual)
        return x

    def scale_last_norms(self, gain: float) -> None:
        """Have the last norm of each unit start from a scale other than 1."""
        norms = (nn.BatchNorm2d, nn.GroupNorm)
        for unit in self.units:
            *_, last = (layer for layer in unit.modules() if isinstance(layer, norms))
            nn.init.constant_(last.weight, gain)


class ConcatBlock(nn.Module):
    """Units that see all earlier outputs (DenseNet, Huang et al. 2017).

    Each adds ``growth`` channels; with ``compress`` a 1 x 1 convolution brings what
    they come to down to ``w_out``.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        depth: int,
        growth: int,
        unit: Unit,
        stride: int = 1,
        compress: bool = True,
        preact: bool = False,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.pool: nn.Module = nn.Identity()
        if stride > 1:
            self.pool = nn.AvgPool2d(stride, ceil_mode=True)
        self.units = nn.ModuleList(
            unit(w_in + i * growth, growth, 1) for i in range(depth)
        )
        grown = w_in + depth * growth
        self.compress: nn.Module = nn.Identity()
        if compress and preact:
            self.compress = NormActConv(grown, w_out, norm, act)
        elif compress:
            self.compress = ConvNormAct(grown, w_out, 1, norm=norm, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        features = [self.pool(x)]
        for unit in self.units:
            features.append(unit(torch.cat(features, dim=1)))
        return self.compress(torch.cat(features, dim=1))


class Root(nn.Module):
    """Aggregation node: a 1 x 1 convolution over the concatenated children."""

    def __init__(
        self, w_in: int, w_out: int, residual: bool, preact: bool, norm: Norm, act: Act
    ) -> None:
        super().__init__()
        self.before: nn.Module = nn.Identity()
        self.after: nn.Module = nn.Identity()
        self.act: nn.Module = nn.Identity()
        if preact:
            self.before = nn.Sequential(norm(w_in), act())
        self.conv = conv(w_in, w_out, 1)
        if not preact:
            self.after, self.act = norm(w_out), act()
        self.residual = residual

    def forward(self, children: list[Tensor]) -> Tensor:
        """Merge children (N, *, H, W), the latest first, into (N, w_out, H, W)."""
        y = self.after(self.conv(self.before(torch.cat(children, dim=1))))
        if self.residual:
            y = y + children[0]
        return self.act(y)


class Tree(nn.Module):
    """A binary tree: two units, or two smaller trees, one after the other.

    Its last root also merges what is carried to it, ``w_carried`` channels in all.
    ``root(w_in, w_out)`` makes a root, ``project(w_in, w_out, stride)`` a shortcut.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        levels: int,
        unit: Unit,
        root: Callable[[int, int], nn.Module],
        project: Callable[[int, int, int], nn.Module],
        stride: int = 1,
        w_carried: int = 0,
    ) -> None:
        super().__init__()
        self.levels = levels
        self.first: nn.Module
        self.second: nn.Module
        if levels > 1:
            parts = (levels - 1, unit, root, project)
            self.first = Tree(w_in, w_out, *parts, stride=stride)
            self.second = Tree(w_out, w_out, *parts, w_carried=w_carried + w_out)
        else:
            self.first = unit(w_in, w_out, stride)
            self.second = unit(w_out, w_out, 1)
            self.shortcut = project(w_in, w_out, 1)
            self.root = root(2 * w_out + w_carried, w_out)

    def forward(self, x: Tensor, pooled: Tensor, carried: list[Tensor]) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride).

        ``pooled`` is ``x`` at the output's resolution, ``carried`` earlier outputs.
        """
        if self.levels > 1:
            first = self.first(x, pooled, [])
            return self.second(first, first, [*carried, first])
        first = self.first(x, self.shortcut(pooled))
        second = self.second(first, first)
        return self.root([second, first, *carried])


class HierarchicalBlock(nn.Module):
    """A tree of 2^levels residual units and aggregation nodes (DLA, Yu et al. 2018).

    With ``carry_input`` the last node also sees the block's input.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        levels: int,
        unit: Unit,
        stride: int = 1,
        residual_root: bool = False,
        carry_input: bool = True,
        preact: bool = False,
        norm: Norm = nn.BatchNorm2d,
        act: Act = nn.ReLU,
    ) -> None:
        super().__init__()
        self.pool: nn.Module = nn.Identity()
        if stride > 1:
            self.pool = nn.MaxPool2d(stride, ceil_mode=True)
        self.carry_input = carry_input
        root = partial(Root, residual=residual_root, preact=preact, norm=norm, act=act)
        project = partial(projection, norm=norm, preact=preact)
        w_carried = w_in if carry_input else 0
        self.tree = Tree(w_in, w_out, levels, unit, root, project, stride, w_carried)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, w_in, H, W) to (N, w_out, H / stride, W / stride)."""
        pooled = self.pool(x)
        return self.tree(x, pooled, [pooled] if self.carry_input else [])


class Network(nn.Module):
    """Images (N, 3, 32, 32) in [0, 1] to logits (N, classes)."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.normalize = Normalize(
            [0.49139968, 0.48215842, 0.4465309],
            [0.24703223, 0.24348512, 0.26158783],
        )
        self.stem = ConvNormAct(3, 16, kernel=3)
        self.blocks = nn.Sequential(
            SumBlock(16, 16, depth=2, unit=partial(BasicUnit, kernel=3)),
            nn.Sequential(
                ConcatBlock(
                    16,
                    32,
                    depth=3,
                    growth=8,
                    unit=partial(PreactBottleneckUnit, kernel=3, hidden=32),
                    stride=2,
                    preact=True,
                ),
                NormAct(32),
            ),
            HierarchicalBlock(
                32,
                48,
                levels=2,
                unit=partial(SeparableUnit, kernel=5),
                stride=2,
                residual_root=True,
            ),
        )
        self.fusion = ConcatFusion()
        self.head = Head(96, num_classes, dropout=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [0, 1] to logits (N, classes)."""
        x = self.stem(self.normalize(x))
        stages = []
        for stage in self.blocks:
            x = stage(x)
            stages.append(x)
        return self.head(self.fusion(stages))


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


def load(path: str | Path | None = None) -> Network:
    """Return the trained network in eval mode, for use.

    ``path`` leads to its weights; without one, model.safetensors beside this file.
    """
    return build(path=path).eval()


def build(num_classes: int = 10, path: str | Path | None = None) -> Network:
    """Return the trained network in training mode, for fine-tuning.

    Where ``num_classes`` is not the number of CLASSES, its head is a new one, which
    knows nothing yet. ``path`` is as in ``load``.
    """
    file = Path(path or Path(__file__).with_name("model.safetensors"))
    weights = read_safetensors(file)
    network = Network()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{file}: not the weights of this network") from error
    if num_classes != len(CLASSES):
        network.head = Head(96, num_classes, dropout=0.1)
    return network


def main() -> None:
    """Describe the network, or name what a picture shows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("picture", nargs="?", type=Path, help="a file to classify")
    picture = parser.parse_args().picture
    try:
        network = load()
        images = read_image(picture, INPUT_SHAPE) if picture else None
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    if images is None:
        images = torch.zeros(1, *INPUT_SHAPE)
        size = sum(p.numel() for p in network.parameters() if p.requires_grad)
        print(f"{size:,} parameters; takes images (N, {str(INPUT_SHAPE)[1:-1]})")
        names = ", ".join(f"{name!r:.40}" for name in CLASSES)
        print(textwrap.shorten(f"{len(CLASSES)} classes: {names}", 88))
        print("A black image, to see that it runs:")
    with torch.inference_mode():
        scores = network(images)[0].softmax(dim=0)
    best = scores.topk(min(3, len(CLASSES)))
    for score, index in zip(*best, strict=True):
        print(f"{score:8.2%}  {CLASSES[index]!r}")


if __name__ == "__main__":
    main()
