"""The page of a run: one file of HTML that is well-formed, whole and safe."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import made_run
import pytest
from made_run import FACTS, make_run
from trial_records import complete, failed

from nas.records import TrialRecord
from nas.report import Reference, summarize
from nas.report.page import cards as cards_module
from nas.report.page import write as page_module
from nas.report.page.cards import cards
from nas.report.page.data import PageData
from nas.report.page.html import text
from nas.report.page.write import page
from nas.run import Run
from nas.search import SearchConfig

AT = Reference(accuracy=0.1, most=2000, name="guessing, twice the budget")
VOID = {"meta", "link", "br", "hr", "img", "input"}
NASTY = '<img src=x onerror=alert(1)> "quoted" & </script><script>alert(2)</script>'


class Parsed(HTMLParser):
    """A page as its elements, which must all be closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def data(self) -> dict:
        return json.loads(self.scripts[0], parse_constant=pytest.fail)


def told(records) -> PageData:
    return PageData(
        name="first",
        summary=summarize(records, AT, {}, None),
        facts=FACTS,
        config=SearchConfig(max_params=1000).to_json(),
    )


def of_run(path: Path) -> Parsed:
    Run(path).report()
    return Parsed((path / "report" / "report.html").read_text(encoding="utf-8"))


def test_everything_is_in_one_file(tmp_path):
    found = of_run(make_run(tmp_path / "first", [0.5, None, 0.7, 0.9]).path)
    for _, attributes in found.elements:
        assert not attributes.keys() & {"srcset", "action", "background", "onclick"}
        for name in ("src", "href"):
            address = attributes.get(name) or "#"
            assert address.startswith("#") or address == "data:,"
    style = (tmp_path / "first/report/report.html").read_text().split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = (m for m in found.of("meta") if "http-equiv" in m)
    assert "default-src 'none'" in policy["content"]
    assert not re.search(r"https?:|unsafe-inline[^;]*;[^;]*script", policy["content"])
    scripts = policy["content"].partition("script-src")[2].partition(";")[0]
    assert scripts.count("'sha256-") == 2
    assert "unsafe-inline" not in scripts


def test_headings_links_and_names(tmp_path):
    found = of_run(make_run(tmp_path / "first", [0.5, 0.7]).path)
    assert found.of("html") == [{"lang": "en"}]
    headings = [tag for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1"
    for before, after in pairwise(headings):
        assert int(after[1]) <= int(before[1]) + 1
    ids = [a["id"] for _, a in found.elements if "id" in a]
    assert len(set(ids)) == len(ids)
    links = [a["href"] for a in found.of("a")]
    assert {link[1:] for link in links} <= set(ids)
    sections = [a["id"] for a in found.of("section")]
    assert {"front", "networks", "cost", "data", "repeat"} <= set(sections)
    assert [f"#{anchor}" for anchor in sections] == links[1:]
    for figure in found.of("div"):
        if "data-figure" in figure:
            assert figure["data-figure"] in found.data["figures"]
            assert figure["aria-label"]
            assert figure["tabindex"] == "0"
    for svg in found.of("svg"):
        assert svg["role"] == "img"


def test_what_came_out_is_told(tmp_path):
    found = of_run(make_run(tmp_path / "first", [0.5, None, 0.7, 0.9]).path)
    best = Run(tmp_path / "first").best()
    assert f"The most accurate network is trial {best.trial}: 90.00\xa0%" in found.words
    assert "trained once: expect less" in found.words
    assert "1 failed" in found.words
    assert f"{best.params:,}" in found.words
    assert "nas search" in found.words
    assert "--max-params 8000" in found.words


def test_names_from_outside_are_but_names(tmp_path, monkeypatch):
    names = [
        NASTY,
        "{{data}}",
        "\N{PILE OF POO} $x$",
        "a\nb",
        "\x1b[31m\u202e",
        *"45678",
    ]
    facts = FACTS | {"name": NASTY, "classes": names, "warnings": [NASTY]}
    facts["counts"] = dict.fromkeys(("train", "validation", "test"), [3] * 10)
    monkeypatch.setattr(made_run, "FACTS", facts)
    error = f"RuntimeError: {NASTY}"
    made = made_run.record
    monkeypatch.setattr(
        made_run, "record", lambda *given: replace(made(*given), error=error)
    )
    path = tmp_path / "a <b> & 'c'"
    found = of_run(make_run(path, [0.5, None], data=NASTY).path)
    assert len(found.of("script")) == 3
    assert found.of("img") == found.of("b") == []
    assert all(not k.startswith("on") for _, a in found.elements for k in a)
    assert found.words.count(NASTY) >= 3
    assert path.name in found.words
    assert "{{data}}" in found.words
    assert "\x1b" not in found.words
    assert "\u202e" not in found.words
    assert found.data["trials"]["error"]["1"] == error


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ([], "Nothing was trained so far"),
        ([None, None], "2 of 2 trials failed, the last one with: RuntimeError"),
        ([0.8], "network, of "),
    ],
    ids=["empty", "all failed", "one"],
)
def test_little_to_tell(tmp_path, accuracies, said):
    found = of_run(make_run(tmp_path / "run", accuracies).path)
    assert said in " ".join(found.words.split())
    assert bool(found.data["figures"].get("front-params")) == (accuracies == [0.8])


def test_cards_hold_every_trial_and_its_genes(tmp_path):
    run = Run(make_run(tmp_path / "run", [0.5, None, 0.9]).path)
    found = of_run(run.path).data["trials"]
    assert found["number"] == [0, 1, 2]
    assert found["accuracy"] == [0.5, None, 0.9]
    for record in run.records:
        genes = {
            name: column["values"][column["at"][record.trial]]
            for name, column in found["genes"].items()
            if column["at"][record.trial] >= 0
        }
        assert genes.keys() == record.genes.keys()
        assert genes["block1.aggregation"] == record.genes["block1.aggregation"]
        assert found["pictures"][str(record.trial)].startswith("<svg ")
    assert found["error"] == {"1": "RuntimeError: out of luck"}


def test_pictures_of_the_front_come_first(monkeypatch):
    monkeypatch.setattr(cards_module, "MOST_PICTURES", 3)
    records = [
        complete(0, 100, 0.5),  # on the front, and the least accurate
        complete(1, 500, 0.8),
        complete(2, 900, 0.79),
        complete(3, 900, float("nan")),
        failed(4),
    ]
    assert set(cards(told(records))["pictures"]) == {"0", "1", "2"}


def test_numbers_that_json_has_no_word_for():
    odd = complete(1, 500, float("nan"), seconds=2.0)
    found = Parsed(page(told([complete(0, 100, 0.5), odd])))
    assert found.data["trials"]["accuracy"] == [0.5, None]


def test_a_broken_page_keeps_the_old_one(tmp_path, monkeypatch):
    run = Run(make_run(tmp_path / "run", [0.5]).path)
    run.report()
    path = run.folder.report_path / "report.html"
    before = path.read_bytes()
    monkeypatch.setattr("nas.report.page.write._json", lambda data: 1 / 0)
    with pytest.raises(Exception, match="the report cannot be written: ZeroDivision"):
        run.report()
    assert path.read_bytes() == before
    assert {p.name for p in path.parent.iterdir() if p.name.startswith(".")} == set()


def luminance(colour: str) -> float:
    """Return the relative luminance that WCAG 2.2 defines."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    )
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [":root", ':root[data-theme="dark"]'])
def test_words_stand_out_from_their_ground(theme):
    style = Path(page_module.__file__).with_name("page.css").read_text()
    own = style[style.index(f"{theme} {{") :].partition("}")[0]
    colours = dict(re.findall(r"--(\w+): (#\w{6})", own))
    for ground in ("ground", "raised"):
        for name in ("ink", "muted", "accent"):
            ends = sorted((luminance(colours[name]), luminance(colours[ground])))
            assert (ends[1] + 0.05) / (ends[0] + 0.05) >= 4.5, (name, ground)


def test_what_cannot_be_seen_is_written_out():
    assert text("<a>\x00\u202eb\n") == "&lt;a&gt;\\x00\\u202eb\n"


def test_a_run_of_old_has_a_page(tmp_path):
    """Its facts lack counts and baselines, its trials their epochs and attempts."""
    assert "counts" not in FACTS
    assert "baselines" not in FACTS
    run = make_run(tmp_path / "old", [0.5, 0.8])
    for path in run.trials_path.glob("*/result.json"):
        data = json.loads(path.read_text())
        for name in (
            "epochs_spent",
            "standings",
            "attempts",
            "weights",
            "latency",
            "arm",
        ):
            del data[name]
        path.write_text(json.dumps(data))
    run.index.path.unlink()
    found = of_run(run.path)
    assert isinstance(Run(run.path).records[0], TrialRecord)
    assert found.data["trials"]["number"] == [0, 1]
