"""Units and aggregations of the user's own, from the example of docs/plugins.md."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nas.__main__ import main
from nas.arch import CustomAggregation, CustomUnit, from_json, to_json
from nas.errors import SpaceError, SpecError
from nas.nn.build import build
from nas.nn.cost import cost
from nas.nn.measure import measure
from nas.space import BoundSpace, load_space

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


@pytest.fixture
def space(tmp_path):
    for path in EXAMPLE.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_text(path.read_text())
    return tmp_path / "ghost.yaml"


def bound(path: Path) -> BoundSpace:
    return BoundSpace(
        space=load_space(str(path)),
        input_shape=(3, 13, 17),
        num_classes=10,
        max_params=20_000,
    )


def is_custom(architecture) -> bool:
    return any(
        isinstance(block.unit, CustomUnit)
        or isinstance(block.aggregation, CustomAggregation)
        for block in architecture.blocks
    )


def test_custom_parts_are_counted_encoded_and_kept_like_built_in_ones(space):
    holder = bound(space)
    rng = random.Random(0)
    drawn = [holder.sample(rng) for _ in range(25)]
    assert sum(map(is_custom, drawn)) > 10
    for architecture in drawn:
        with torch.device("meta"):
            network = build(architecture)
        assert measure(network, architecture.input_shape) == cost(architecture).total
        assert holder.encode(architecture) == architecture.genes
        bare = replace(architecture, genes=None)
        assert holder.decode(holder.encode(bare)) == architecture
        text = json.dumps(to_json(architecture))
        assert from_json(json.loads(text), [space.parent]) == architecture


def test_another_version_of_the_file_is_another_network(space):
    holder = bound(space)
    rng = random.Random(1)
    architecture = next(
        a for a in iter(lambda: holder.sample(rng), None) if is_custom(a)
    )
    plugin = space.parent / "ghost.py"
    plugin.write_text(plugin.read_text() + "\n# changed\n")
    with pytest.raises(SpecError, match=r"ghost\.py has changed since"):
        from_json(to_json(architecture), [space.parent])
    with pytest.raises(SpaceError, match=r"another version of ghost\.py"):
        bound(space).encode(replace(architecture, genes=None))
    plugin.unlink()
    with pytest.raises(SpecError, match=r"ghost\.py is missing"):
        from_json(to_json(architecture), [space.parent])


def test_the_example_is_searched_and_exported(space, tmp_path, capsys):
    run = tmp_path / "run"
    options = ["--trials", "3", "--epochs", "1", "--max-params", "20k"]
    search = ["search", "--space", str(space), "--run", str(run), "--workers", "0"]
    assert main([*search, *options]) == 0
    space.unlink()  # the run has all that it needs
    (tmp_path / "ghost.py").unlink()
    records = sorted(run.glob("trials/*/architecture.json"))
    customs = [path for path in records if '"custom"' in path.read_text()]
    assert customs
    number = str(int(customs[0].parent.name))
    assert main(["show", str(run), "--trial", number]) == 0
    assert main(["show", str(customs[0])]) == 0
    model = tmp_path / "model"
    assert main(["export", str(run), "--trial", number, "--to", str(model)]) == 0
    code = "import sys; sys.modules['nas'] = None; import model; model.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=model, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert main(["resume", str(run), "--trials", "4"]) == 0


BAD = {
    "def broken(:": (r"ghost\.py:1: cannot be imported: SyntaxError", "Ghost"),
    "import no_such_library": (r"ghost\.py:1: cannot be imported: ModuleNot", "Ghost"),
    """
from torch import nn

class Ghost(nn.Module):
    def __init__(self, w_in, w_out, stride=1, kernel=3):
        super().__init__()
        self.conv = nn.Conv2d(w_in, w_out, kernel, stride)

    def forward(self, x):
        return self.conv(x)
""": (r"ghost\.py:4: Ghost must give \(2, 8, 9, 9\) .* got \(2, 8, 7, 7\)", "Ghost"),
    """
from torch import nn

class Ghost(nn.Module):
    def __init__(self, w_in, w_out, stride=1, kernel=3):
        super().__init__()

    def forward(self, x):
        return x.no_such_method()
""": (r"ghost\.py:9: Ghost fails on \(2, 8, 9, 9\)", "Ghost"),
    """
from torch import nn

class Ghost(nn.Module):
    def __init__(self, w_in, w_out, stride=1, kernel=3):
        super().__init__()
        raise RuntimeError("no luck")
""": (r"ghost\.py:7: Ghost cannot be built: RuntimeError: no luck", "Ghost"),
}


@pytest.mark.parametrize("source", BAD, ids=range(len(BAD)))
def test_a_mistake_in_a_plugin_is_shown_at_its_file_and_line(space, source):
    pattern, _ = BAD[source]
    (space.parent / "ghost.py").write_text(source)
    text = space.read_text().replace("    Mean: {depth: [2, 3]}\n", "")
    space.write_text(text)
    with pytest.raises(SpecError if "imported" in pattern else SpaceError) as caught:
        load_space(str(space))
    assert caught.match(pattern)
    assert "\n" not in str(caught.value)


def test_unknown_names_and_options_are_refused(space):
    text = space.read_text()
    space.write_text(text.replace("Ghost:", "Gost:"))
    with pytest.raises(SpaceError, match=r"unknown unit 'Gost': did you mean 'Ghost'"):
        load_space(str(space))
    space.write_text(text.replace("Ghost: {kernel", "Ghost: {kernle"))
    with pytest.raises(SpaceError, match=r"kernle.*did you mean 'kernel'"):
        load_space(str(space))
    space.write_text(text.replace("[ghost.py]", "[gost.py]"))
    with pytest.raises(SpaceError, match=r"ghost\.yaml:4:11: .*found no 'gost\.py'"):
        load_space(str(space))
