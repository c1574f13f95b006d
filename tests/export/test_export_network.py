"""What is exported computes what was trained, where ``nas`` cannot be imported."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from architectures import architectures
from hypothesis import given, settings
from safetensors.torch import save_file

from nas.arch import (
    Architecture,
    Basic,
    Block,
    Bottleneck,
    Concat,
    Hierarchical,
    Separable,
    Stem,
    Sum,
)
from nas.export import ModelFacts, source, write
from nas.nn.cost import cost
from nas.nn.network import build
from nas.records import Recipe

REPOSITORY = Path(__file__).parents[2]

HOSTILE = [
    '"""',
    "'''\\",
    '"); import os; os._exit(1)  # ',
    "two\nlines\r\tand \x1b[31mred\x00",
    "\\N{SNOWMAN} \\x41 {braces} %s",
    "снег \u202e\ud800 雪 \U0001f600",
    "'it\"s\"'",
    "",
    "a name far longer than a line, " * 5 + "\"'" * 60,
    "x" * 200,
]

UNITS = [Basic(kernel=5), Bottleneck(ratio=4.0), Bottleneck(kernel=1), Separable()]
AGGREGATIONS = [
    Sum(),
    Concat(growth=3),
    Hierarchical(),
    Hierarchical(residual_root=True, carry_input=False),
]

BATCH = """
import json, runpy, sys, torch

class NoNas:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "nas":
            raise ImportError(name)

sys.meta_path.insert(0, NoNas())
results = []
for path in json.loads(sys.argv[1]):
    model = runpy.run_path(path + "/model.py")
    images = torch.load(path + ".images", weights_only=True)
    network = model["load"]()
    assert not network.training
    with torch.inference_mode():
        logits = network(images).flatten().tolist()
    results.append([[x.hex() for x in logits], list(network.state_dict()),
                    list(model["CLASSES"])])
assert not any(name.partition(".")[0] == "nas" for name in sys.modules)
print(json.dumps(results))
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    architecture: Architecture
    classes: list[str]
    text: str = "digits"


def _cases() -> list[Case]:
    cases = [
        Case(
            architecture=Architecture(
                input_shape=(1 + 2 * (i % 2), 9 + i, 13),
                num_classes=2 + i,
                stem=Stem(width=5, kernel=1 + 2 * (i % 3), stride=1 + i % 2),
                blocks=(
                    Block(aggregation=aggregation, unit=unit, depth=2, width=7),
                    Block(
                        aggregation=aggregation, unit=unit, depth=4, width=6, stride=2
                    ),
                ),
            ),
            classes=[f"class {n}" for n in range(2 + i)],
        )
        for i, (unit, aggregation) in enumerate(
            (unit, aggregation) for unit in UNITS for aggregation in AGGREGATIONS
        )
    ]
    deep = Block(
        aggregation=Hierarchical(),
        unit=Separable(kernel=7),
        depth=8,
        width=12,
        stride=3,
    )
    hostile = Architecture(
        input_shape=(4, 32, 5),
        num_classes=len(HOSTILE),
        stem=Stem(width=8),
        blocks=(deep,),
    )
    cases += [Case(architecture=hostile, classes=HOSTILE, text=t) for t in HOSTILE]
    return cases


def _facts(text: str = "digits") -> ModelFacts:
    return ModelFacts(
        name=text, data=text, accuracy=0.975, recipe=Recipe(), seed=1, origin=text
    )


def _statistics(architecture: Architecture) -> tuple[tuple[float, ...], ...]:
    channels = architecture.input_shape[0]
    mean = tuple(1 / (3 + i) for i in range(channels))
    return mean, tuple(2 / (7 + i) for i in range(channels))


def _trained(architecture: Architecture, seed: int) -> torch.nn.Module:
    """A network in eval mode whose every weight and statistic is its own."""
    network = build(architecture, *_statistics(architecture), seed=seed)
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not name.startswith("normalize"):
            noise = torch.rand(tensor.shape, generator=generator)
            tensor.mul_(0.5 + noise).add_(0.1 * noise)
    return network.eval()


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """(case, folder, images, logits) of every case."""
    root = tmp_path_factory.mktemp("exports")
    found = []
    for i, case in enumerate(_cases()):
        network = _trained(case.architecture, seed=i)
        weights = root / f"{i}.safetensors"
        save_file(network.state_dict(), weights)
        folder = root / str(i)
        write(
            folder,
            case.architecture,
            *_statistics(case.architecture),
            case.classes,
            weights,
            _facts(case.text),
        )
        generator = torch.Generator().manual_seed(i)
        images = torch.rand(3, *case.architecture.input_shape, generator=generator)
        torch.save(images, root / f"{i}.images")
        with torch.inference_mode():
            logits = network(images)
        found.append((case, folder, network, logits))
    return found


def _run(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *args], cwd=cwd, env=env, capture_output=True, text=True
    )


def test_the_same_logits_where_nas_cannot_be_imported(exports, tmp_path):
    folders = json.dumps([str(folder) for _, folder, _, _ in exports])
    done = _run("-c", BATCH, folders, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert len(results) == len(exports)
    for (case, _, network, logits), (values, keys, classes) in zip(
        exports, results, strict=True
    ):
        assert values == [x.hex() for x in logits.flatten().tolist()]
        assert keys == list(network.state_dict())
        assert classes == case.classes


@pytest.mark.parametrize(
    "args",
    [
        ("check", "--isolated"),
        ("format", "--check", "--diff", "--isolated"),
        ("check", "--config", str(REPOSITORY / "pyproject.toml")),
    ],
    ids=["check", "format", "check by our own rules"],
)
def test_ruff_finds_nothing(exports, args):
    root = exports[0][1].parent
    done = _run("-m", "ruff", *args, "--no-cache", ".", cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_export_holds_only_what_its_network_uses(exports):
    for case, folder, _, _ in exports:
        text = (folder / "model.py").read_text()
        unit = type(case.architecture.blocks[0].unit).__name__
        aggregation = type(case.architecture.blocks[0].aggregation).__name__
        for name in ("Basic", "Bottleneck", "Separable"):
            assert (f"class {name}Unit(" in text) == (name == unit)
        for name in ("Sum", "Concat", "Hierarchical"):
            assert (f"class {name}Block(" in text) == (name == aggregation)
        assert "class ConvNormAct(" in text
        assert "nas" not in text.split('"""', 2)[2]


def test_the_docstring_tells_size_accuracy_data_recipe_and_input(exports):
    case, folder, _, _ = exports[0]
    text = (folder / "model.py").read_text().split('"""')[1]
    total = cost(case.architecture).total
    for fact in (f"{total.params:,}", f"{total.macs:,}", "97.50%", "digits", "sgd"):
        assert fact in text
    assert "(N, 1, 9, 13)" in text


@settings(max_examples=25)
@given(architectures())
def test_any_architecture_is_written_as_it_is_built(architecture):
    statistics = _statistics(architecture)
    classes = [str(i) for i in range(architecture.num_classes)]
    text = source(architecture, *statistics, classes, _facts())
    namespace = {"__name__": "model"}
    exec(text, namespace)
    built = build(architecture, *statistics)
    written = namespace["Network"]()
    written.load_state_dict(built.state_dict())
    assert str(written) == str(built)
    fresh = namespace["Network"]()
    assert torch.equal(fresh.normalize.mean, built.normalize.mean)
    assert torch.equal(fresh.normalize.std, built.normalize.std)
    other = namespace["Network"](num_classes=17)
    assert other(torch.rand(2, *architecture.input_shape)).shape == (2, 17)


def test_run_as_a_script_it_describes_itself(exports, tmp_path):
    case, folder, _, _ = exports[0]
    done = _run(str(folder / "model.py"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{cost(case.architecture).total.params:,} parameters" in done.stdout
    assert "'class 0', 'class 1'" in done.stdout
    assert "%  'class" in done.stdout


def test_run_with_a_picture_it_names_the_likeliest_classes(exports, tmp_path):
    image = pytest.importorskip("PIL.Image")
    case, folder, network, _ = exports[1]
    height, width = case.architecture.input_shape[1:]
    pixels = torch.randint(0, 256, (height, width, 3), dtype=torch.uint8)
    image.fromarray(pixels.numpy()).save(tmp_path / "cat.png")
    done = _run(str(folder / "model.py"), "cat.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with torch.inference_mode():
        scores = network(pixels.permute(2, 0, 1)[None] / 255)[0].softmax(dim=0)
    best = scores.argsort(descending=True)[:3].tolist()
    assert done.stdout.splitlines() == [
        f"{scores[i]:8.2%}  {case.classes[i]!r}" for i in best
    ]


def test_an_unreadable_picture_is_one_line(exports, tmp_path):
    pytest.importorskip("PIL.Image")
    (tmp_path / "cat.png").write_text("no picture")
    done = _run(str(exports[1][1] / "model.py"), "cat.png", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot identify image file")
    assert done.stderr.count("\n") == 1


def test_importing_the_package_loads_no_torch():
    done = _run(
        "-c",
        "import nas.export, sys; sys.exit('torch' in sys.modules)",
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
