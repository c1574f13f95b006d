import csv
import json
from dataclasses import replace

import pytest
from trial_records import SMALL, complete, failed

from nas.arch import Basic, Block, Concat, Hierarchical, from_json
from nas.report import write, write_report

MIXED = replace(
    SMALL,
    blocks=(
        *SMALL.blocks,
        Block(aggregation=Concat(growth=4), unit=Basic(), depth=3, width=12),
        Block(aggregation=Hierarchical(), unit=Basic(), depth=4, width=20),
    ),
)


def test_report_holds_the_front_as_table_json_and_picture(tmp_path):
    folder = tmp_path / "runs" / "a" / "report"
    records = [
        complete(0, 500, 0.8),
        complete(1, 900, 0.7),
        failed(2),
        complete(3, 900, 0.9, architecture=MIXED, loss=float("nan")),
    ]
    front = write_report(records, folder, title="digits", max_params=1000)
    assert [record.trial for record in front] == [0, 3]
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["front.csv", "front.json", "front.png"]

    rows = list(csv.DictReader((folder / "front.csv").open(encoding="utf-8")))
    assert [row["trial"] for row in rows] == ["0", "3"]
    assert rows[1]["aggregations"] == "sum concat tree"
    assert rows[1]["units"] == "basic basic basic"
    assert rows[1]["depths"] == "1 3 4"
    assert rows[1]["widths"] == "8 12 20"
    assert rows[1]["loss"] == ""

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
    assert write_report([failed(0)], tmp_path, title="digits") == ()
    assert json.loads((tmp_path / "front.json").read_text()) == []
    assert (tmp_path / "front.csv").read_text().startswith("trial,accuracy,params,")
    assert (tmp_path / "front.png").stat().st_size > 1000


def test_old_report_survives_a_failed_write(tmp_path, monkeypatch):
    write_report([complete(0, 500, 0.8)], tmp_path, title="digits")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(records, path, **_):
        path.write_bytes(b"half a pict")
        raise OSError("no space left on device")

    monkeypatch.setattr(write, "draw_front", full)
    with pytest.raises(OSError, match="no space"):
        write_report([complete(0, 500, 0.8)], tmp_path, title="digits")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_recipes_of_trials_stand_in_the_table_and_as_mappings_in_json(tmp_path):
    genes = {"block1.depth": 2, "recipe.lr": 0.123456, "recipe.sgd.flip": True}
    own = complete(0, 500, 0.8, architecture=replace(SMALL, genes=genes))
    write_report([own, complete(1, 900, 0.9)], tmp_path, title="digits")
    rows = list(csv.DictReader((tmp_path / "front.csv").open(encoding="utf-8")))
    assert [row["recipe"] for row in rows] == ["lr=0.123 flip=true", ""]
    assert [len(row["recipe_hash"]) for row in rows] == [16, 0]
    items = json.loads((tmp_path / "front.json").read_text())
    assert [i["recipe"] for i in items] == [{"lr": 0.123456, "flip": True}, {}]
    assert items[0]["recipe_hash"] == own.recipe_hash == rows[0]["recipe_hash"]
