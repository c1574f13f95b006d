"""The text of ``train.py``: a recipe as plain PyTorch that trains ``model.py``."""

from typing import Any, Final

from nas.arch import Architecture
from nas.export.dependencies import LIBRARIES, needed
from nas.export.formatting import (
    INDENT,
    Apply,
    Name,
    docstring,
    paragraph,
    plain,
    statement,
)
from nas.export.imports import Import, import_block, model_imports
from nas.export.template import filled
from nas.records import Recipe

_MODEL: Final = frozenset({"CLASSES", "DTYPES", "INPUT_SHAPE", "read_image"})
_OWN: Final = frozenset({"BATCH_SIZE"})
_FUNCTIONS: Final = "nas.export.standalone_training"
_SCHEDULES: Final = {"one-cycle": "one_cycle", "cosine": "cosine"}
_CHANGES: Final = {"none": (), "light": ("shift",), "standard": ("shift", "cutout")}
_JUDGES: Final = {"accuracy": "accuracy", "balanced-accuracy": "balanced"}
_OPTIMIZERS: Final = {
    "sgd": "torch.optim.SGD(groups, LR, momentum=0.9, nesterov=True, fused=True)",
    "adamw": "torch.optim.AdamW(groups, LR, weight_decay=0.0, fused=True)",
}
_AUTOCAST: Final = {
    "auto": 'with torch.autocast(device.type, torch.bfloat16, device.type == "cuda"):',
    "bf16": "with torch.autocast(device.type, torch.bfloat16):",
}
_IMPORTS: Final = (
    *(Import(name) for name in ("argparse", "torch")),
    *(Import("pathlib", "Path"), Import("torch", "Tensor"), Import("torch", "nn")),
    Import("torch.optim.lr_scheduler", "LambdaLR"),
)

_MAIN: Final = '''\
def main() -> None:
    """Train, test once, and save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("data", type=Path, help="an .npz file or a folder")
    parser.add_argument("weights", type=Path, help="a new .safetensors file")
    parser.add_argument("--seed", type=int, default=$seed)
    args = parser.parse_args()
    if args.weights.exists() or not args.weights.parent.is_dir():
        raise SystemExit(f"error: {args.weights} must be a new file in a known folder")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        splits = [read_split(args.data, name) for name in ("train", "val", "test")]
    except Exception as error:  # a damaged file fails in every way there is
        raise SystemExit(f"error: {error}") from error
    $on_device
    torch.manual_seed(args.seed)
$network
    decayed = [p for p in $trained.parameters() if p.ndim > 1]
    vectors = [p for p in $trained.parameters() if p.ndim <= 1]  # only lose from decay
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": vectors}]
    optimizer = $optimizer
    ends = tuple(range(BATCH_SIZE, len(labels) - 1, BATCH_SIZE))  # no batch of one
    num_steps = EPOCHS * (len(ends) + 1)
    schedule = LambdaLR(optimizer, lambda step: $schedule((step + 0.5) / num_steps))
$criterion
    $dropout
    shuffling = torch.Generator().manual_seed(args.seed)
    $augmentation
    for epoch in range(1, EPOCHS + 1):
        $trained.train()
        total = torch.zeros((), device=device)
        order = torch.randperm(len(labels), generator=shuffling).to(device)
        for index in order.tensor_split(ends):
            $batch
            $forward
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach() * len(index) / len(labels)
        $progress
    print(f"test: {$judge(network, *test):.2%}")
    write_safetensors(network.state_dict(), args.weights)'''

_NETWORK: Final = """\
    network = Network().apply(_initialize).to(device, memory_format=torch.channels_last)
"""

_SUPERVISED_NETWORK: Final = """\
    network = Network().apply(_initialize)
$heads
    trained.to(device, memory_format=torch.channels_last)
"""

_HEADS_LOSSES: Final = """\
for weight, block, head in zip(weights, blocks, heads, strict=True):
    loss = loss + weight * criterion(head(seen[block]), labels[index])"""

_ON_DEVICE: Final = (
    "(images, labels), val, test = ([part.to(device) for part in s] for s in splits)"
)

_AUGMENTATION: Final = "augmentation = torch.Generator(device).manual_seed(args.seed)"

_WITH_VALIDATION: Final = """\
train, val, test = ([part.to(device) for part in split] for split in splits)
# The recipe is settled: the images that it was chosen on are trained on, too.
images, labels = (torch.cat(parts) for parts in zip(train, val, strict=True))"""


def train_source(
    architecture: Architecture,
    recipe: Recipe,
    *,
    data: str = "",
    reached: str = "",
    seed: int = 0,
    use_validation: bool = False,
) -> str:
    """Return the text of a ``train.py`` that stands beside the exported ``model.py``.

    It needs PyTorch and NumPy, and trains the network anew: with the same recipe, and
    for the same seed from the same weights and in the same order.

    Args:
        architecture: of the network.
        recipe: how it was trained.
        data: the name of the data set, for the docstring; any text.
        reached: what the training reached, for the docstring; any text.
        seed: that of the training, which the file takes unless told otherwise.
        use_validation: whether to train on the validation images, too.

    Raises:
        SpecError: when an auxiliary head cannot stand in a file of its own.
    """
    functions = needed(_functions(recipe), LIBRARIES | {"numpy"}, _MODEL | _OWN)
    imports = {*_IMPORTS, *functions.imports}
    taken = {"Network", *functions.elsewhere} - _OWN
    texts, heads = functions.texts, ""
    if architecture.aux:
        from nas.export.auxiliary import auxiliary  # loads torch

        found = auxiliary(architecture)
        heads = found.making
        imports |= found.imports | found.needed.imports
        taken |= found.needed.elsewhere
        texts += found.needed.texts
    start = [
        _docstring(data, reached),
        import_block(imports),
        model_imports(taken),
        _constants(recipe),
    ]
    draws = architecture.dropout or any(head.dropout for head in architecture.aux)
    pieces = _pieces(recipe, seed, heads) | {
        "dropout": "torch.manual_seed(args.seed)  # for dropout" if draws else "",
        **_split_pieces(_JUDGES[recipe.objective], use_validation),
    }
    parts = [
        "\n\n".join(start),
        *texts,
        filled(_MAIN, pieces),
        'if __name__ == "__main__":\n    main()',
    ]
    return "\n\n\n".join(parts) + "\n"


def _functions(recipe: Recipe) -> list[tuple[str, str]]:
    """Return the (module, name) pairs of what ``main`` calls."""
    weighing = [("nas.train.imbalance", "class_weights")]
    return [
        ("nas.train.schedules", _SCHEDULES[recipe.schedule]),
        *(("nas.train.augment", name) for name in _changes(recipe)),
        *(weighing if recipe.class_weights else []),
        ("nas.nn.build", "_initialize"),
        (_FUNCTIONS, "read_split"),
        (_FUNCTIONS, _JUDGES[recipe.objective]),
        (_FUNCTIONS, "write_safetensors"),
    ]


def _changes(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the augmenting functions in the order of their calls."""
    return (*(["flip"] if recipe.flip else []), *_CHANGES[recipe.augment])


def _constants(recipe: Recipe) -> str:
    lines = [
        statement("EPOCHS", recipe.epochs),
        statement("BATCH_SIZE", recipe.batch_size),
        statement("LR", recipe.lr) + "  # the peak of the schedule",
        statement("WEIGHT_DECAY", recipe.weight_decay) + "  # of weights alone",
    ]
    if recipe.label_smoothing:
        lines.append(statement("LABEL_SMOOTHING", recipe.label_smoothing))
    return "\n".join(lines)


def _pieces(recipe: Recipe, seed: int, heads: str) -> dict[str, str]:
    """Return what ``main`` says about the recipe and the auxiliary heads."""
    changes = [f"batch = {name}(batch, augmentation)" for name in _changes(recipe)]
    options: dict[str, Any] = {}
    if recipe.class_weights:
        options["weight"] = Name("class_weights(labels, len(CLASSES))")
    if recipe.label_smoothing:
        options["label_smoothing"] = Name("LABEL_SMOOTHING")
    batch = "batch" if changes else "images[index]"
    forward = [f"loss = criterion(network({batch} / 255), labels[index])"]
    if heads:
        forward += _HEADS_LOSSES.split("\n")
    if recipe.precision in _AUTOCAST:
        forward = [_AUTOCAST[recipe.precision], *(f"    {line}" for line in forward)]
    network = filled(_SUPERVISED_NETWORK, {"heads": heads}) if heads else _NETWORK
    return {
        "seed": str(seed),
        "network": network.rstrip(),
        "trained": "trained" if heads else "network",
        "optimizer": _OPTIMIZERS[recipe.optimizer],
        "schedule": _SCHEDULES[recipe.schedule],
        "criterion": statement(
            "criterion", Apply("nn.CrossEntropyLoss", (), options), INDENT
        ),
        "augmentation": _AUGMENTATION if changes else "",
        "batch": "\n".join(["batch = images[index]", *changes]) if changes else "",
        "forward": "\n".join(forward),
    }


def _split_pieces(judge: str, use_validation: bool) -> dict[str, str]:
    """Return what ``main`` does with the splits."""
    start = 'print(f"epoch {epoch}: loss {total:.4f}'
    if use_validation:
        return {"judge": judge, "on_device": _WITH_VALIDATION, "progress": f'{start}")'}
    return {
        "judge": judge,
        "on_device": _ON_DEVICE,
        "progress": f'{start}, val {{{judge}(network, *val):.2%}}")',
    }


def _docstring(data: str, reached: str) -> str:
    origin = f"It was trained on {plain(data)}" if data else ""
    if reached:
        origin += f"{' and' if data else 'It'} reached {plain(reached)}"
    usage = (
        "`python train.py DATA NEW.safetensors` trains it anew; DATA is what `nas data "
        "SOURCE --npz DATA` writes, or a folder of {train,val,test}/CLASS/*.png."
    )
    return docstring(
        [
            "Trains the network of model.py from scratch, as nas trained it.",
            paragraph(f"{origin}. {usage}" if origin else usage),
        ]
    )
