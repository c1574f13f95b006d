"""What an ablation says, in words, in tables, in a picture and on the page."""

import csv
import json
import random
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from nas.arch import Architecture, Basic, Block, Concat, Hierarchical, StemConv, Sum
from nas.nn.cost import num_params
from nas.report.ablated import Variant, ablation
from nas.report.page.ablation import ablation_figure, ablation_table
from nas.report.write_ablated import write_ablations
from nas.retraining import Protocol
from nas.space.resized import resized
from nas.space.switched import switches

IMAGES = 360
BASE = Architecture(
    input_shape=(1, 8, 8),
    num_classes=10,
    stem=(StemConv(width=16),),
    blocks=(
        Block(aggregation=Sum(), unit=Basic(), depth=3, width=16),
        Block(aggregation=Concat(growth=8), unit=Basic(), depth=2, width=24, stride=2),
        Block(aggregation=Hierarchical(), unit=Basic(), depth=2, width=24),
    ),
)
WORSE = {"all-sum": 0.05, "block-2-sum": 0.04}


def found(seeds=5, worse=WORSE, **changes):
    rng = random.Random(0)
    made = switches(BASE)
    luck = [rng.gauss(0, 0.005) for _ in range(seeds)]

    def reached(name):
        mean = 0.95 - worse.get(name, 0.0)
        return {
            n: round(IMAGES * (mean + luck[n - 1] + rng.gauss(0, 0.003))) / IMAGES
            for n in range(1, seeds + 1)
        }

    values = {
        "trial": 7,
        "protocol": Protocol(epochs=3),
        "epochs": 3,
        "kind": "accuracy",
        "images": IMAGES,
        "base": Variant(name="trial-7", architecture=BASE, reached=reached("trial-7")),
        "variants": [
            Variant(
                name=one.name,
                architecture=resized(one.architecture, num_params(BASE)),
                reached=reached(one.name),
            )
            for one in made.variants
        ],
        "left_out": made.left_out,
    }
    return ablation(**(values | changes))


@pytest.fixture(scope="module")
def many():
    return found()


@pytest.fixture(scope="module")
def once():
    return found(seeds=1, protocol=Protocol(), epochs=15)


def test_variants_come_block_by_block(many):
    labels = [one.label for one in many.switched]
    assert labels == [
        *("block 1: concat", "block 1: tree", "block 2: sum", "block 2: tree"),
        *("block 3: sum", "block 3: concat"),
        *("all blocks: sum", "all blocks: concat", "all blocks: tree"),
    ]
    assert [one.was for one in many.switched[:3]] == ["sum", "sum", "concat"]
    assert all(abs(one.size_off) <= 0.01 for one in many.switched)


def test_what_is_established_and_what_is_not(many):
    text = " ".join(many.lines())
    first, *_ = many.lines()
    assert first.startswith("Trial 7 (sum concat tree) has 9")
    assert "Block 2 with sum instead of concat: " in text
    assert "All blocks with sum: " in text
    assert " less (" in text
    assert "Of the other 7 variants none can be told apart from it. That does" in text
    assert "with 95 % confidence all 9 hold at once" in text
    assert "from 3 2 2: block 1: tree (4 2 2), all blocks: tree (4 2 2)." in text
    assert "--seeds 10" in text


def test_better_is_said_to_be_better():
    text = " ".join(found(worse={"block-1-concat": -0.04}).lines())
    assert "Block 1 with concat instead of sum: " in text
    assert " more (" in text


def test_nothing_established():
    text = " ".join(found(worse={}).lines())
    assert "None of 9 variants can be told apart from it." in text
    assert " less (" not in text


def test_one_seed_says_nothing_about_chance(once):
    text = " ".join(once.lines())
    assert "Nothing says how much of the differences is chance" in text
    assert "confidence" not in text


def test_a_trial_that_could_not_be_trained():
    base = Variant(name="trial-7", architecture=BASE, reached={}, failed=5)
    first, *_ = found(base=base).lines()
    assert first == "Trial 7 itself could not be trained: nothing to compare."


def variants(many):
    return [one.variant for one in many.switched]


def test_a_variant_that_could_not_be_trained_is_named_with_its_error(many):
    _, second, *others = variants(many)
    lost = replace(second, reached={}, failed=5, error="RuntimeError: a\x1bb")
    one = found(variants=[*others, lost])
    text = " ".join(one.lines())
    assert "Block 1 with tree: 5 of 5 trainings failed: RuntimeError: a\\x1bb" in text
    # It says nothing about how often the others were.
    assert one.seeds == 5


def test_an_ablation_that_is_not_whole_yet_says_so(many):
    first, *others = variants(many)
    fewer = replace(first, reached={1: 0.95})
    text = " ".join(found(variants=[fewer, *others], to_come=3).lines())
    assert (
        "4 of 13 networks have fewer trainings than others, or none yet: 'nas ablate "
        "--trial 7' goes on" in text
    )
    assert "goes on" not in " ".join(many.lines())


def test_a_network_that_varies_wildly_is_named(many):
    first, *others = variants(many)
    wild = replace(first, reached=dict(enumerate((0.6, 0.97, 0.8, 0.95, 0.99), 1)))
    text = " ".join(found(variants=[wild, *others]).lines())
    assert "Block 1 with concat varies far more from seed to seed" in text
    assert text.count("varies far more") == 1
    assert "varies far more" not in " ".join(many.lines())


def test_what_stands_behind_and_what_is_called_two_ways_is_said(many):
    text = " ".join(many.lines())
    assert "with options that nobody tuned: they start behind." in text
    assert "A tree is what spaces and names of variants call hierarchical." in text


def test_a_size_that_is_off_is_pointed_out(once):
    other = replace(once.switched[0], size_off=-0.034)
    text = " ".join(replace(once, switched=(other, *once.switched[1:])).lines())
    assert "no nearer one was found: block 1: concat -3.4 %." in text


def test_files(tmp_path, many, once):
    write_ablations([once, many], tmp_path, title="digits")
    with (tmp_path / "ablation-trial-7.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert [row["network"] for row in rows[:2]] == ["trial-7", "block-1-concat"]
    (worse,) = (r for r in rows[10:] if r["network"] == "block-2-sum")
    assert (worse["apart"], worse["block"], worse["seeds"]) == ("True", "2", "5")
    assert -0.08 < float(worse["low"]) < float(worse["difference"]) < 0
    data = json.loads((tmp_path / "ablation-trial-7.json").read_text())
    assert list(data) == ["recipe-epochs", "3-epochs"]
    assert data["3-epochs"] == many.to_json()
    for row, one in zip(rows[11:], data["3-epochs"]["variants"], strict=True):
        assert float(row["difference"]) == one["difference"]
        assert one["widths"] == [int(width) for width in row["widths"].split()]
    with Image.open(tmp_path / "ablation-trial-7.png") as picture:
        assert picture.width == 1500
        # The colours of all three aggregations are in it.
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert {(0, 114, 178), (213, 94, 0), (0, 158, 115)} <= colours


def test_a_plugin_s_aggregation_is_drawn(tmp_path, once):
    first, *others = once.switched
    own = replace(first, now="Mean", deeper=(1,))
    write_ablations([replace(once, switched=(own, *others))], tmp_path, title="digits")
    with Image.open(tmp_path / "ablation-trial-7.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert (86, 180, 233) in colours


def test_one_seed_can_be_drawn(tmp_path, once):
    write_ablations([once], tmp_path, title="a $b$ title")
    assert (tmp_path / "ablation-trial-7.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a\n'\"b", "$x^2$ 🙂"])
def test_names_from_outside_are_text_everywhere(tmp_path, once, name):
    one = replace(once, base=replace(once.base))
    # As if a plugin's aggregation were called that.
    one.base.__dict__["aggregations"] = (name, *one.base.aggregations[1:])
    first = replace(one.switched[0], was=name)
    one = replace(one, switched=(first, *one.switched[1:]))
    write_ablations([one], tmp_path, title=name)
    figure = ablation_figure(one, "ablation-1")
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)

    Tags().feed(ablation_table(one))
    assert set(tags) == {
        *("div", "table", "caption", "thead", "tbody", "tr", "th", "td")
    }
    assert "<script" not in json.dumps([figure.data, figure.layout])
