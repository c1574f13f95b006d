"""What is exported computes what was trained, where ``nas`` cannot be imported."""

import ast
import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest
import torch
from architectures import architectures
from hypothesis import given, settings
from hypothesis import strategies as st
from made_package import made_package, trained

from nas.arch import (
    ACTIVATIONS,
    FUSIONS,
    UNITS,
    Architecture,
    AuxHead,
    Block,
    Chain,
    Concat,
    Conv,
    Hierarchical,
    Inception,
    Norm,
    Pool,
    Separable,
    StemConv,
    Sum,
)
from nas.arch import AGGREGATIONS as AGGREGATIONS_BY_KIND
from nas.arch.reference import REFERENCES
from nas.export import source, write
from nas.nn.build import build
from nas.nn.cost import cost
from nas.nn.measure import measure
from nas.space import BoundSpace, SearchSpace
from nas.space.catalog import shipped

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

texts = st.sampled_from(HOSTILE) | st.text(
    st.sampled_from("'\"\\\n#{%a ") | st.characters(), max_size=120
)

AGGREGATIONS = [
    Chain(),
    Sum(),
    Sum(shortcut="pad", gain=0.5),
    Concat(growth=5),
    Concat(growth=4, compress=False),
    Hierarchical(),
    Hierarchical(residual_root=True, carry_input=False),
]
NORMS = [Norm(), Norm(eps=0.001), Norm(kind="layer"), Norm(kind="layer", eps=0.1)]
STEMS = [
    (StemConv(width=5),),
    (StemConv(width=5, kernel=5, stride=2, norm=False),),
    (StemConv(width=9, kernel=7), Pool(kernel=3, padded=True), StemConv(width=6)),
]
POOLS = [None, Pool(kernel=2), Pool(type="avg", kernel=3, stride=1)]

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
    size = sum(p.numel() for p in network.parameters() if p.requires_grad)
    results.append([[x.hex() for x in logits], list(network.state_dict()),
                    list(model["CLASSES"]), size])
assert not any(name.partition(".")[0] == "nas" for name in sys.modules)
print(json.dumps(results))
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    architecture: Architecture
    classes: list[str]
    text: str = "digits"


def _block(aggregation, unit, *, w_in: int, depth: int, pool: Pool | None = None):
    """A block that strides unless it has a pool, wide enough for all."""
    if isinstance(aggregation, Sum) and (unit.preact or isinstance(unit, Inception)):
        aggregation = replace(aggregation, gain=1.0)
    width = w_in + 2
    if isinstance(aggregation, Concat) and not aggregation.compress:
        width = w_in + depth * aggregation.growth
    return Block(
        aggregation=aggregation,
        unit=unit,
        depth=depth,
        width=width,
        stride=1 if pool else 2,
        pool=pool,
    )


def _cases() -> list[Case]:
    """Every unit in every aggregation with every fusion; all else turns."""
    cases = []
    parts = product(UNITS.values(), AGGREGATIONS, FUSIONS)
    for i, (unit, aggregation, fusion) in enumerate(parts):
        stem = STEMS[i // 3 % 3]
        first = _block(
            aggregation,
            unit(kernel=1),
            w_in=stem[-1].width,
            depth=2,
            pool=POOLS[i // 9 % 3],
        )
        second = _block(aggregation, unit(kernel=5), w_in=first.width, depth=4)
        architecture = Architecture(
            input_shape=(1 + 2 * (i % 2), 29 + i % 5, 33),
            num_classes=2 + i % 7,
            stem=stem,
            blocks=(first, second),
            fusion=fusion,
            aux=(AuxHead(after=0, hidden=4),) if i % 5 == 0 else (),
            activation=ACTIVATIONS[i % 7],
            norm=NORMS[i % 4],
            dropout=0.25 * (i % 3 % 2),
        )
        classes = [f"class {n}" for n in range(architecture.num_classes)]
        cases.append(Case(architecture=architecture, classes=classes))
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
        stem=(StemConv(width=8),),
        blocks=(deep,),
    )
    cases += [Case(architecture=hostile, classes=HOSTILE, text=t) for t in HOSTILE]
    return cases


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """(case, folder, network, logits) of every case."""
    root = tmp_path_factory.mktemp("exports")
    found = []
    for i, case in enumerate(_cases()):
        package = made_package(
            case.architecture, root / f"{i}.safetensors", case.classes, case.text
        )
        network = trained(package, seed=i)
        folder = root / str(i)
        write(folder, package)
        generator = torch.Generator().manual_seed(i)
        images = torch.rand(3, *case.architecture.input_shape, generator=generator)
        torch.save(images, root / f"{i}.images")
        with torch.inference_mode():
            logits = network(images)
        found.append((case, folder, network, logits))
    return found


def _parts(network: torch.nn.Module) -> str:
    """What a network prints as, without the name of its class."""
    return str(network).partition("(")[2]


def _run(*args: str, cwd: Path | str) -> subprocess.CompletedProcess[str]:
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
    for (case, _, network, logits), (values, keys, classes, size) in zip(
        exports, results, strict=True
    ):
        assert values == [x.hex() for x in logits.flatten().tolist()]
        assert keys == list(network.state_dict())
        assert classes == case.classes
        assert size == cost(case.architecture).total.params


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
        block = case.architecture.blocks[0]
        for kind, cls in UNITS.items():
            name = f"class {cls.__name__}Unit("
            assert (name in text) == (kind == block.unit.kind)
        for kind, cls in AGGREGATIONS_BY_KIND.items():
            name = f"class {cls.__name__}Block("
            assert (name in text) == (kind == block.aggregation.kind)
        fusion = case.architecture.fusion
        assert ("class ConcatFusion(" in text) == (fusion == "concat")
        assert ("class HierarchicalFusion(" in text) == (fusion == "hierarchical")
        layer = case.architecture.norm.kind == "layer"
        assert ("class LayerNorm2d(" in text) == layer
        assert "AuxHead" not in text
        assert "nas" not in text.split('"""', 2)[2]


def test_every_class_and_function_has_a_docstring(exports):
    for _, folder, _, _ in exports:
        for name in ("model.py", "test_model.py"):
            tree = ast.parse((folder / name).read_text())
            assert ast.get_docstring(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    told = node.name == "__init__" or ast.get_docstring(node)
                    assert told, f"{folder}: {node.name}"


def _code(name, label):
    """The statements of an export but its docstring, and the first of its classes."""
    architecture = Architecture(
        input_shape=(1, 4, 4),
        num_classes=2,
        stem=(StemConv(width=2),),
        blocks=(Block(aggregation=Chain(), unit=Conv(), depth=1, width=2),),
    )
    package = made_package(architecture, classes=[label, "b"], text=name)
    document, *body = ast.parse(source(package)).body
    assert isinstance(document.value, ast.Constant)
    (classes,) = (
        node
        for node in body
        if isinstance(node, ast.Assign) and node.targets[0].id == "CLASSES"
    )
    body.remove(classes)
    return [ast.dump(node) for node in body], classes.value.elts[0].value


@pytest.fixture(scope="module")
def plain_code():
    return _code("plain", "a")[0]


@settings(max_examples=50)
@given(texts, texts)
def test_no_text_from_outside_changes_the_code(plain_code, name, label):
    assert _code(name, label) == (plain_code, label)


def test_the_docstring_tells_size_accuracy_data_recipe_and_input(exports):
    case, folder, _, _ = exports[0]
    text = (folder / "model.py").read_text().split('"""')[1]
    total = cost(case.architecture).total
    for fact in (f"{total.params:,}", f"{total.macs:,}", "97.50 %", "digits", "sgd"):
        assert fact in text
    assert "(N, 1, 29, 33)" in text


@settings(max_examples=25)
@given(architectures())
def test_any_architecture_is_written_as_it_is_built(architecture):
    package = made_package(architecture)
    text = source(package)
    namespace = {"__name__": "model"}
    exec(text, namespace)
    built = build(architecture, package.mean, package.std)
    written = namespace["Network"]()
    written.load_state_dict(built.state_dict())
    assert _parts(written) == _parts(built)
    fresh = namespace["Network"]()
    assert torch.equal(fresh.normalize.mean, built.normalize.mean)
    assert torch.equal(fresh.normalize.std, built.normalize.std)
    images = torch.rand(2, *architecture.input_shape)
    with torch.inference_mode():
        assert torch.equal(written.eval()(images), built.eval()(images))
    other = namespace["Network"](num_classes=17)
    assert other(images).shape == (2, 17)


@settings(max_examples=6)
@given(st.lists(architectures(), min_size=10, max_size=10))
def test_ruff_finds_nothing_in_any_export(drawn):
    with tempfile.TemporaryDirectory() as folder:
        for i, architecture in enumerate(drawn):
            text = source(made_package(architecture))
            Path(folder, f"model_{i}.py").write_text(text)
        for args in (("check",), ("format", "--check", "--diff")):
            done = _run(
                "-m", "ruff", *args, "--isolated", "--no-cache", ".", cwd=folder
            )
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", shipped())
def test_networks_of_shipped_spaces_are_written_as_they_are_built(name):
    bound = BoundSpace(
        space=SearchSpace.load(name),
        input_shape=(3, 64, 64),
        num_classes=10,
        max_params=2_000_000,
    )
    for seed in range(5):
        architecture = bound.sample(random.Random(seed))
        text = source(made_package(architecture))
        namespace = {"__name__": "model"}
        exec(text, namespace)
        with torch.device("meta"):
            written, built = namespace["Network"](), build(architecture)
        assert _parts(written) == _parts(built)
        assert measure(written, (3, 64, 64)) == cost(architecture).total


def test_what_the_whole_network_shares_is_written_once():
    def text(name, **changes):
        architecture = replace(REFERENCES[name]((3, 64, 64), 10), **changes)
        return source(made_package(architecture))

    uniform = text("resnet18")
    assert uniform.count("partial(") == 1
    assert "        unit = partial(BasicUnit, kernel=3)\n" in uniform
    assert "SumBlock(64, 128, depth=2, unit=unit, stride=2)," in uniform
    both = text("resnet18", norm=Norm(eps=0.001))
    norm, unit = both.split("super().__init__()\n")[-1].split("\n")[:2]
    assert norm == "        norm = partial(nn.BatchNorm2d, eps=0.001)"
    assert unit == "        unit = partial(BasicUnit, kernel=3, norm=norm)"
    assert text("googlenet").count("partial(nn.BatchNorm2d") == 1


def test_run_as_a_script_it_describes_itself(exports, tmp_path):
    case, folder, _, _ = exports[0]
    done = _run(str(folder / "model.py"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{cost(case.architecture).total.params:,} parameters" in done.stdout
    assert "'class 0', 'class 1'" in done.stdout
    assert "%  'class" in done.stdout


def test_a_long_name_leaves_room_for_other_classes(tmp_path):
    architecture = Architecture(
        input_shape=(1, 8, 8),
        num_classes=3,
        stem=(StemConv(width=4),),
        blocks=(Block(aggregation=Sum(), unit=Conv(), depth=1, width=4),),
    )
    names = ["x" * 300, "second", "third"]
    package = made_package(architecture, tmp_path / "w.safetensors", names)
    trained(package)
    write(tmp_path / "model", package)
    done = _run("model.py", cwd=tmp_path / "model")
    (line,) = [line for line in done.stdout.splitlines() if "classes: " in line]
    assert line.startswith("3 classes: 'xxx")
    assert line.endswith("xxx, 'second', 'third'")


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
