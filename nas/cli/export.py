"""``nas export``: of a run's trial, or of a known network."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from statistics import fmean

from nas.arch.reference import REFERENCES, Shape
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
from nas.packages import (
    Exported,
    export,
    first_training,
    options_of,
    retrained_package,
)
from nas.run import Run


def run_export(
    what: str,
    *,
    trial: int | None,
    max_params: int | None,
    network: str | None,
    seed: int | None,
    input_shape: Shape | None,
    num_classes: int | None,
    to: Path | None,
    formats: Sequence[str],
) -> None:
    """Export a trial of a run, or a known network, and say where it is."""
    if _is_network(what):
        if any(item is not None for item in (trial, max_params, network, seed)):
            raise ConfigError(
                "--trial, --max-params, --network and --seed choose among what a run "
                f"has trained; {what} is a network, leave them out"
            )
        _export_network(what, input_shape, num_classes, to, formats)
        return
    if input_shape is not None or num_classes is not None:
        raise ConfigError(
            "--input and --classes are for a known network such as resnet20; a run's "
            "networks have those of its data, leave them out"
        )
    if sum(item is not None for item in (trial, max_params, network)) > 1:
        raise ConfigError(
            "--trial, --max-params and --network all choose what is exported; give one"
        )
    if network is not None:
        _export_retrained(Path(what), network, seed, to, formats)
    else:
        _export_trial(Path(what), trial, max_params, seed, to, formats)


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
    (command,) = package.facts.commands
    package = package.with_facts(commands=((*command, *options_of(formats)),))
    card = HUB_CARD if "hub" in formats else CARD
    model = write(to, package, [STEPS[name] for name in formats], card)
    console = plain_console()
    console.print(
        f"{name}: untrained, {num_params(package.architecture):,} parameters",
        highlight=False,
    )
    console.print(str(model), soft_wrap=True, highlight=False)


def _export_retrained(
    path: Path,
    network: str,
    seed: int | None,
    to: Path | None,
    formats: Sequence[str],
) -> None:
    """Export a known network that was trained beside a run's trials."""
    run = Run(path)
    if seed == 0:
        raise ConfigError(
            f"--seed 0 is the search's own training, and {network} has none; choose "
            "one from 1 on"
        )
    package = retrained_package(
        run.folder, network, seed or first_training(run.folder, network) or 1
    )
    target = to or run.path / "export" / network
    _tell(network, package, export(run.folder, package, target, formats))


def _export_trial(
    path: Path,
    trial: int | None,
    max_params: int | None,
    seed: int | None,
    to: Path | None,
    formats: Sequence[str],
) -> None:
    run = Run(path)
    record = run.trial(trial) if trial is not None else run.best(max_params)
    package = run.package(record, seed)
    target = to or run.path / "export" / f"trial-{record.trial}"
    exported = export(run.folder, package, target, formats)
    _tell(f"trial {record.trial}", package, exported)


def _tell(name: str, package: Package, exported: Exported) -> None:
    """Say what was exported, what it reaches, and where it is."""
    facts, console = package.facts, plain_console()
    size = f"{num_params(package.architecture):,} parameters"
    lines = []
    if facts.tested is not None:
        found = facts.tested
        kept = f"{percent(found.accuracy)} on the test split"
        if len(found.accuracies) > 1:
            kept += f"; {percent(found.mean)} on average over seeds: expect that"
        lines.append(f"{name}, retrained: {size}, {kept}")
    else:
        assert facts.accuracy is not None
        lines.append(f"{name}: {percent(facts.accuracy)} validation accuracy, {size}")
        if facts.repeats:
            mean = fmean(accuracy for _, accuracy in facts.repeats)
            lines.append(f"its repeats reached {percent(mean)} on average: expect that")
    if (small := exported.quantized) is not None:
        lines.append(
            f"{small.file}: {percent(small.accuracy)} on the {small.split} split, "
            f"{small.num_bytes:,} bytes"
        )
    for line in lines:
        console.print(line, highlight=False)
    console.print(str(exported.model), soft_wrap=True, highlight=False)
