"""Famous networks as packages: code and fresh weights, to be trained elsewhere."""

from pathlib import Path

from nas.arch.reference import REFERENCES, Shape, reference_defaults
from nas.errors import ConfigError, unknown
from nas.export.facts import ModelFacts
from nas.export.package import Package


def untrained(
    name: str,
    input_shape: Shape | None = None,
    num_classes: int | None = None,
    *,
    folder: Path,
    seed: int = 0,
) -> Package:
    """Return a reference architecture with the weights that a training begins with.

    Args:
        name: such as "resnet20".
        input_shape: (channels, height, width) of images; None for those that the
            network is known for.
        num_classes: None for as many as the network is known for.
        folder: that it will be exported to.
        seed: that the weights are drawn from.

    Raises:
        ConfigError: for an unknown name.
        SpecError: for images that are too small.
    """
    if name not in REFERENCES:
        raise ConfigError(unknown("network", name, REFERENCES))
    shape, classes = reference_defaults(name)
    architecture = REFERENCES[name](input_shape or shape, num_classes or classes)
    channels = architecture.input_shape[0]
    shown = "x".join(map(str, architecture.input_shape))
    options = ["--input", shown, "--classes", str(architecture.num_classes)]
    return Package(
        architecture=architecture,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
        classes=tuple(f"class {i}" for i in range(architecture.num_classes)),
        facts=ModelFacts(
            name=f"{name}, untrained",
            data="",
            origin=f"the reference architecture {name}",
            seed=seed,
            commands=(("nas", "export", name, *options, "--to", str(folder)),),
        ),
    )
