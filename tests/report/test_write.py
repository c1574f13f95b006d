import csv
import json
from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from trial_records import SMALL, complete, failed

from nas.arch import Basic, Block, Concat, Hierarchical, from_json
from nas.noise import Belief, Beliefs, Repeat
from nas.report import Reference, summarize, write, write_report
from nas.report.compare import compare
from nas.report.courses import draw_courses

MIXED = replace(
    SMALL,
    blocks=(
        *SMALL.blocks,
        Block(aggregation=Concat(growth=4), unit=Basic(), depth=3, width=12),
        Block(aggregation=Hierarchical(), unit=Basic(), depth=4, width=20),
    ),
)

AT = Reference(accuracy=0.1, most=2000, name="guessing, twice the budget")


def report(records, folder, repeats=None, beliefs=None, **options):
    found = summarize(records, AT, repeats or {}, beliefs)
    write_report(found, folder, title="digits", **options)
    return found


def test_report_holds_the_front_as_table_json_and_picture(tmp_path):
    folder = tmp_path / "runs" / "a" / "report"
    records = [
        complete(0, 500, 0.8),
        complete(1, 900, 0.7),
        failed(2),
        complete(3, 900, 0.9, architecture=MIXED, loss=float("nan")),
    ]
    front = report(records, folder, max_params=1000).front
    assert [record.trial for record in front] == [0, 3]
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["front.csv", "front.json", "front.png", "summary.json"]

    rows = list(csv.DictReader((folder / "front.csv").open(encoding="utf-8")))
    assert [row["trial"] for row in rows] == ["0", "3"]
    assert rows[1]["aggregations"] == "sum concat tree"
    assert rows[1]["units"] == "basic basic basic"
    assert rows[1]["depths"] == "1 3 4"
    assert rows[1]["widths"] == "8 12 20"
    assert rows[1]["loss"] == ""

    summed = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (summed["trials"], summed["failed"]) == (4, 1)
    assert summed["comparison"] is None
    assert list(summed["arms"]) == ["search"]
    assert summed["arms"]["search"]["front"] == [0, 3]

    text = (folder / "front.json").read_text(encoding="utf-8")
    items = json.loads(text, parse_constant=pytest.fail)
    assert [(i["trial"], i["params"], i["accuracy"]) for i in items] == [
        (0, 500, 0.8),
        (3, 900, 0.9),
    ]
    assert from_json(items[1]["architecture"]) == MIXED
    assert items[1]["hash"] == front[1].hash
    assert items[1]["macs"] == 64_000
    assert items[1]["epochs"] == 2


def test_run_without_a_complete_trial_has_an_empty_front(tmp_path):
    assert report([failed(0)], tmp_path).front == ()
    assert json.loads((tmp_path / "front.json").read_text()) == []
    assert (tmp_path / "front.csv").read_text().startswith("trial,accuracy,params,")
    assert (tmp_path / "front.png").stat().st_size > 1000


def test_old_report_survives_a_failed_write(tmp_path, monkeypatch):
    report([complete(0, 500, 0.8)], tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(records, path, **_):
        path.write_bytes(b"half a pict")
        raise OSError("no space left on device")

    monkeypatch.setattr(write, "draw_front", full)
    with pytest.raises(OSError, match="no space"):
        report([complete(0, 500, 0.8)], tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_recipes_of_trials_stand_in_the_table_and_as_mappings_in_json(tmp_path):
    genes = {"block1.depth": 2, "recipe.lr": 0.123456, "recipe.sgd.flip": True}
    own = complete(0, 500, 0.8, architecture=replace(SMALL, genes=genes))
    report([own, complete(1, 900, 0.9)], tmp_path)
    rows = list(csv.DictReader((tmp_path / "front.csv").open(encoding="utf-8")))
    assert [row["recipe"] for row in rows] == ["lr=0.123 flip=true", ""]
    assert [len(row["recipe_hash"]) for row in rows] == [16, 0]
    items = json.loads((tmp_path / "front.json").read_text())
    assert [i["recipe"] for i in items] == [{"lr": 0.123456, "flip": True}, {}]
    assert items[0]["recipe_hash"] == own.recipe_hash == rows[0]["recipe_hash"]


def test_random_search_beside_the_search_has_a_front_and_a_course(tmp_path):
    records = [
        complete(0, 500, 0.8),
        complete(1, 400, 0.75, arm="random"),
        complete(2, 900, 0.9),
        complete(3, 950, 0.85, arm="random"),
    ]
    report(records, tmp_path)
    assert (tmp_path / "hypervolume.png").read_bytes().startswith(b"\x89PNG")
    data = json.loads((tmp_path / "summary.json").read_text())
    assert data["arms"]["search"]["front"] == [0, 2]
    assert data["arms"]["random"]["front"] == [1, 3]
    after = data["arms"]["random"]["hypervolume_after"]
    assert len(after) == 2
    assert 0 < after[0] < after[1] == data["arms"]["random"]["hypervolume"]
    assert data["comparison"]["verdict"].startswith("Search and random search cannot")
    rows = list(csv.DictReader((tmp_path / "front.csv").open(encoding="utf-8")))
    assert [(row["trial"], row["arm"]) for row in rows] == [
        *(("1", "random"), ("0", "search"), ("2", "search"))
    ]
    shared = (tmp_path / "front.png").read_bytes()
    report([replace(r, arm="search") for r in records], tmp_path / "one")
    assert (tmp_path / "one" / "front.png").read_bytes() != shared


@pytest.mark.parametrize(("ends", "along"), [((2, 2), "trials"), ((2, 6), "epochs")])
def test_courses_stand_over_what_both_arms_have_as_many_of(
    tmp_path, monkeypatch, ends, along
):
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    first, last = ({"curve": (0.5,) * end} for end in ends)
    records = [
        complete(0, 500, 0.8, **first),
        complete(1, 900, 0.9, **first),
        complete(2, 700, 0.9, **first),
        complete(3, 400, 0.75, arm="random", **last),
    ]
    found = compare(records, AT)
    assert found is not None
    draw_courses(found, tmp_path / "it.png", title="digits", reference=AT)
    (axes,) = drawn[0].axes
    assert axes.get_xlabel() == along
    last_of_each = [line.get_xdata()[-1] for line in axes.get_lines()]
    assert last_of_each == ([3, 1] if along == "trials" else [6, 6])


def again(trial: int, number: int, accuracy: float | None) -> Repeat:
    """Return a repeat; None is one that failed."""
    return Repeat(
        trial=trial,
        number=number,
        status="failed" if accuracy is None else "complete",
        seconds=1.0,
        accuracy=accuracy,
        loss=None,
        curve=(),
        seed=number,
        device="cpu",
        error=None,
        reason=None,
        batch_size=None,
        finished="",
    )


class TestRepeats:
    RECORDS = (complete(0, 500, 0.9), complete(1, 400, 0.8), complete(2, 800, 0.95))

    def test_the_mean_leaves_the_first_result_out(self):
        repeats = {0: [again(0, 2, 0.84), again(0, 3, 0.86), again(0, 4, None)]}
        found = summarize(self.RECORDS, AT, repeats, None)
        _, one, _ = found.certainties
        assert (one.trial, one.first) == (0, 0.9)
        assert (one.repeats.complete, one.repeats.failed) == (2, 1)
        assert one.repeats.mean == pytest.approx(0.85)
        assert one.repeats.std == pytest.approx(0.02 / 2**0.5)
        # Student's t of one degree of freedom at 97.5 % is 12.706.
        half = 12.706 * 0.02 / 2**0.5 / 2**0.5
        assert one.repeats.low == pytest.approx(0.85 - half, abs=1e-5)
        assert one.repeats.high == pytest.approx(0.85 + half, abs=1e-5)
        assert found.front[1].accuracy == pytest.approx(0.85)

    def test_equal_repeats_do_not_claim_to_be_exact(self):
        repeats = {0: [again(0, 2, 0.85), again(0, 3, 0.85)]}
        _, one, _ = summarize(self.RECORDS, AT, repeats, None).certainties
        assert (one.repeats.mean, one.repeats.std) == (0.85, 0.0)
        assert one.repeats.low is None
        assert one.repeats.high is None

    def test_a_mean_under_a_smaller_network_leaves_the_front(self):
        found = summarize(self.RECORDS, AT, {0: [again(0, 2, 0.7)]}, None)
        assert [record.trial for record in found.front] == [1, 2]
        assert found.notes[0].startswith("The trials of the front were trained")

    def test_one_repeat_has_no_interval(self):
        found = summarize(self.RECORDS, AT, {0: [again(0, 2, 0.88)]}, None)
        one = found.certainties[1]
        assert (one.repeats.mean, one.repeats.std, one.repeats.low) == (
            0.88,
            None,
            None,
        )

    def test_repeats_that_all_failed_leave_the_first_result(self):
        found = summarize(self.RECORDS, AT, {0: [again(0, 2, None)]}, None)
        assert [record.accuracy for record in found.front] == [0.8, 0.9, 0.95]
        assert found.certainties[1].repeats.failed == 1

    def test_hypervolumes_are_of_first_results(self):
        once = summarize(self.RECORDS, AT, {}, None)
        repeated = summarize(self.RECORDS, AT, {0: [again(0, 2, 0.5)]}, None)
        assert once.arms == repeated.arms


def test_what_a_model_does_not_tell_apart_is_named():
    records = [complete(0, 400, 0.8), complete(1, 500, 0.9), complete(2, 600, 0.7)]
    chances = {0: 0.9, 1: 0.6, 2: 0.3}
    beliefs = Beliefs(
        trials=3,
        repeats=0,
        noise=0.2,
        beliefs=tuple(
            Belief(trial=t, accuracy=0.8, low=0.7, high=0.9, on_front=p)
            for t, p in chances.items()
        ),
        ahead=((1, 0, 0.94),),
    )
    assert Beliefs.from_json(json.loads(json.dumps(beliefs.to_json()))) == beliefs
    found = summarize(records, AT, {}, beliefs)
    assert [c.not_told_apart for c in found.certainties] == [(), (0,)]
    assert [c.belief.on_front for c in found.certainties] == [0.9, 0.6]
    assert found.beside == ((2, 0.3),)
    assert any("its beliefs are rough" in note for note in found.notes)
    sure = replace(beliefs, ahead=((1, 0, 0.96),))
    told = summarize(records, AT, {}, sure)
    assert [c.not_told_apart for c in told.certainties] == [(), ()]
