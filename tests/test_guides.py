"""What the guides show must work: their search spaces load, their plugins are real."""

import re
from pathlib import Path

import pytest

from nas.space import BoundSpace, read_space

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def blocks(guide: str, language: str) -> list[str]:
    text = (DOCS / guide).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def bound(tmp_path: Path):
    def bind(text: str) -> BoundSpace:
        path = tmp_path / "space.yaml"
        path.write_text(text)
        return BoundSpace(
            space=read_space(path),
            input_shape=(3, 32, 32),
            num_classes=10,
            max_params=300_000,
        )

    return bind


def test_the_space_of_all_keys(bound):
    whole, stem = blocks("search_spaces.md", "yaml")
    genes = bound(whole).distributions()
    assert {"fusion", "block1.aggregation", "block2.separable.kernel"} <= set(genes)
    stemmed, count = re.subn(r"^stem: .*\n", stem, whole, flags=re.MULTILINE)
    assert count == 1
    assert set(bound(stemmed).distributions()) == set(genes)


def test_every_kind_has_its_row(bound):
    text = (DOCS / "search_spaces.md").read_text()
    from nas.arch.aggregations import AGGREGATIONS
    from nas.arch.units import UNITS

    for kind in (*AGGREGATIONS, *UNITS):
        assert re.search(rf"^\|.*`{kind}`.*\|", text, re.MULTILINE), kind


def test_the_plugin_guide_names_files_that_are_there():
    for command in "".join(blocks("plugins.md", "sh")).splitlines():
        for path in re.findall(r"examples/\S+", command):
            assert (ROOT / path).is_file()
