"""TensorBoard on a run that was made without any training, in a real browser."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from driven import Browser
from made_events import write_events
from made_run import make_run

from nas.search.board.board import Board

ACCURACIES = [0.5, 0.75, None, 0.25, 0.875, 0.625, 0.375]

SHADOWS = """
const inside = root => [...root.querySelectorAll('*')].flatMap(
  e => [e, ...(e.shadowRoot ? inside(e.shadowRoot) : [])]);
const all = inside(document);
"""
"""All elements of a page of TensorBoard, most of which are in shadow trees."""

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Served:
    """TensorBoard at an address, shown in a browser."""

    address: str
    browser: Browser

    def show(self, page: str) -> None:
        """Open one of its pages; of many groups of tags it draws the first few."""
        self.browser.open(f"{self.address}#{page}")

    def found(self, script: str) -> Any:
        """Return what is true of ``all`` elements, as soon as anything is."""
        return self.browser.until(lambda: self.browser.run(SHADOWS + script), 90)

    def asked(self, path: str, body: dict[str, Any]) -> Any:
        """Return what HParams itself would be told."""
        script = """
        const done = arguments[arguments.length - 1];
        const request = {method: 'POST', body: JSON.stringify(arguments[1]),
                         headers: {'Content-Type': 'application/json'}};
        fetch('data/plugin/hparams/' + arguments[0], request)
          .then(answer => answer.json()).then(done);
        """
        return self.browser.driver.execute_async_script(script, path, body)


@pytest.fixture(scope="module")
def address(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where `nas tensorboard` shows a run of seven trials, one of which failed."""
    run = make_run(tmp_path_factory.mktemp("runs") / "seven", ACCURACIES)
    for record in run.records():
        write_events(run, record)
    board = Board(run, (), {}, lambda _: None)
    for record in run.records():
        board.take(record)
    board.finish()
    command = [sys.executable, "-m", "nas", "tensorboard", str(run.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        where = line.partition(" at ")[2].split()[0]

        def shows_all() -> bool:
            chromium.open(where + "data/runs")
            return "trials/00006" in chromium.run("return document.body.innerText")

        chromium.until(shows_all, 90)
        yield where
        process.terminate()


@pytest.fixture
def served(address: str, browser: Browser) -> Iterator[Served]:
    yield Served(address, browser)
    assert browser.complaints(("SEVERE",)) == []


def test_a_trial_is_a_run_with_curves(served):
    served.show("scalars&tagFilter=train")
    cards = served.found(
        "const cards = all.filter(e => e.localName == 'tf-scalar-card'"
        " && e.tag.startsWith('train/')).map(e => [e.tag, e.dataToLoad.length]);"
        "return cards.length == 2 ? cards : null"
    )
    # The trial that failed did so before its first epoch was over.
    assert cards == [["train/accuracy", 6], ["train/loss", 6]]
    runs = served.found(
        "const box = all.find(e => e.localName == 'tf-runs-selector');"
        "return box && box.runs && box.runs.length == 8 ? box.runs : null"
    )
    assert sorted(runs) == ["search", *(f"trials/{n:05d}" for n in range(7))]
    served.show("scalars")
    groups = served.found(
        "const names = all.filter(e => e.localName == 'tf-category-paginated-view')"
        ".map(e => e.category.name); return names.includes('time') ? names : null"
    )
    assert {"train", "validation", "lr", "time", "hparam"} <= set(groups)


def test_hparams_has_a_row_for_every_trial(served):
    served.show("hparams")
    cells = served.found(
        "const grid = all.find(e => e.id == 'sessionGroupsTable');"
        "const header = all.filter(e => e.classList.contains('table-header'))"
        ".map(e => e.innerText.trim());"
        "return grid && grid.items && grid.items.length && header.includes('accuracy')"
        " ? [header, grid.items] : null"
    )
    header, rows = cells
    assert [row["name"] for row in rows] == [f"trials/{n:05d}" for n in range(7)]
    names = [name for name in header if name not in ("Trial ID", "Show\nMetrics")]
    genes = ["block1.aggregation", "block2.aggregation"]
    assert [name for name in names if name in genes] == genes
    assert names.index("block2.aggregation") < names.index("accuracy")
    assert {"accuracy", "parameters", "MACs"} <= set(names)
    status = [session["status"] for row in rows for session in row["sessions"]]
    failed = "STATUS_FAILURE"
    assert status == [
        failed if reached is None else "STATUS_SUCCESS" for reached in ACCURACIES
    ]


def test_columns_of_numbers_are_numbers_and_can_be_sorted_by(served):
    served.show("hparams")
    told = served.asked("experiment", {"experimentName": ""})
    types = {info["name"]: info["type"] for info in told["hparamInfos"]}
    assert types["block1.aggregation"] == "DATA_TYPE_STRING"
    for name in ("block1.depth", "block2.width", "target", "recipe/lr"):
        assert types[name] == "DATA_TYPE_FLOAT64", name
    assert types["recipe/flip"] == "DATA_TYPE_BOOL"
    columns: list[dict[str, Any]] = [{"hparam": "target", "order": "ORDER_ASC"}]
    statuses = ["STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_UNKNOWN"]
    page = {"allowedStatuses": statuses, "startIndex": 0, "sliceSize": 100}
    asked = served.asked("session_groups", page | {"colParams": columns})
    targets = [row["hparams"]["target"] for row in asked["sessionGroups"]]
    assert targets == sorted(targets)
    assert len(set(targets)) > 1
    columns = [{"metric": {"tag": "hparam/accuracy"}, "order": "ORDER_DESC"}]
    asked = served.asked("session_groups", page | {"colParams": columns})
    numbers = [int(row["name"][-5:]) for row in asked["sessionGroups"]]
    reached = [ACCURACIES[n] for n in numbers if ACCURACIES[n] is not None]
    assert reached == sorted(reached, reverse=True)


def test_architectures_are_pictures_and_tables(served):
    served.show("images")
    pictures = served.found(
        "const seen = all.filter(e => e.localName == 'tf-image-loader'"
        " && e.tag == 'architecture').map(e => [e.run, e.shadowRoot.querySelector("
        "'img')?.naturalWidth]); return seen.length == 7 && seen[0][1] ? seen : null"
    )
    assert [run for run, _ in pictures] == [f"trials/{n:05d}" for n in range(7)]
    assert pictures[0][1] == 480
    served.show("text")
    text = served.found(
        "const tables = all.filter(e => e.localName == 'table').map(e => e.innerText);"
        "return tables.find(text => text.includes('block 1'))"
    )
    assert "block 1" in text
    assert "parameters" in text


def test_the_front_is_a_picture(served):
    served.show("images")
    assert served.found(
        "return all.some(e => e.localName == 'tf-image-loader' && e.run == 'search'"
        " && e.tag == 'front')"
    )
