"""``nas export``: of a run's trial, or of a known network."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from nas.arch.reference import REFERENCES, Shape
from nas.cli.certainty import print_repeats
from nas.cli.plain import plain_console
from nas.cli.render import percent
from nas.errors import ConfigError, unknown
from nas.export import (
    CARD,
    HUB_CARD,
    INT8,
    STEPS,
    Package,
    check_formats,
    untrained,
    write,
)
from nas.nn.cost import num_params
from nas.run import Run


def run_export(
    what: str,
    *,
    trial: int | None,
    max_params: int | None,
    input_shape: Shape | None,
    num_classes: int | None,
    to: Path | None,
    formats: Sequence[str],
) -> None:
    """Export a trial of a run, or a known network, and say where it is."""
    if _is_network(what):
        if trial is not None or max_params is not None:
            raise ConfigError(
                f"--trial and --max-params choose among a run's trials; {what} is a "
                "network, leave them out"
            )
        _export_network(what, input_shape, num_classes, to, formats)
        return
    if input_shape is not None or num_classes is not None:
        raise ConfigError(
            "--input and --classes are for a known network such as resnet20; a run's "
            "networks have those of its data, leave them out"
        )
    _export_trial(Path(what), trial, max_params, to, formats)


def _is_network(what: str) -> bool:
    """Tell a known network from a run, which may be called the same."""
    path = Path(what)
    try:
        is_there, is_run = path.exists(), (path / "config.yaml").is_file()
    except OSError:  # a name that no folder can have, as the run will say
        return False
    is_known = what in REFERENCES
    if not is_there and not is_known and get_close_matches(what.lower(), REFERENCES):
        raise ConfigError(unknown("run or network", what, REFERENCES))
    return is_known and not is_run


def export_formats(
    onnx: bool, torch_export: bool, hub: bool, quantize: str | None
) -> tuple[str, ...]:
    """Return the formats that the options ask for.

    Raises:
        ConfigError: for a quantisation that there is not.
    """
    if quantize not in (None, INT8):
        raise ConfigError(f"--quantize must be {INT8}; got {quantize!r}")
    asked = {
        "onnx": onnx,
        "torch-export": torch_export,
        "hub": hub,
        INT8: quantize is not None,
    }
    return tuple(name for name, wanted in asked.items() if wanted)


def _export_network(
    name: str,
    input_shape: Shape | None,
    num_classes: int | None,
    to: Path | None,
    formats: Sequence[str],
) -> None:
    if INT8 in formats:
        raise ConfigError(
            f"--quantize needs images that a network is trained on, and {name} is "
            "untrained; leave it out"
        )
    if to is None:
        raise ConfigError(
            f"an export of {name} needs a folder; add --to FOLDER, a new or empty one"
        )
    check_formats(formats)
    package = untrained(name, input_shape, num_classes, folder=to)
    card = HUB_CARD if "hub" in formats else CARD
    model = write(to, package, [STEPS[name] for name in formats], card)
    console = plain_console()
    console.print(
        f"{name}: untrained, {num_params(package.architecture):,} parameters",
        highlight=False,
    )
    console.print(str(model), soft_wrap=True, highlight=False)


def _export_trial(
    path: Path,
    trial: int | None,
    max_params: int | None,
    to: Path | None,
    formats: Sequence[str],
) -> None:
    if trial is not None and max_params is not None:
        raise ConfigError("--trial and --max-params both choose a trial; give one")
    run = Run(path)
    record = run.trial(trial) if trial is not None else run.best(max_params)
    exported: list[Package] = []

    def keep(folder: Path, package: Package) -> Package:  # noqa: ARG001
        exported.append(package)
        return package

    target = to or run.path / "export" / f"trial-{record.trial}"
    model = run.export(target, record, steps=[keep], formats=formats)
    assert record.accuracy is not None
    console = plain_console()
    console.print(
        f"trial {record.trial}: {percent(record.accuracy)} validation accuracy, "
        f"{record.params:,} parameters",
        highlight=False,
    )
    print_repeats(console, run.repeats(record.trial))
    if (small := exported[0].facts.quantized) is not None:
        console.print(
            f"{small.file}: {percent(small.accuracy)} validation accuracy, "
            f"{small.num_bytes:,} bytes",
            highlight=False,
        )
    console.print(str(model), soft_wrap=True, highlight=False)
