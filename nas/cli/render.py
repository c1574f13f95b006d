"""Plain data as rich tables."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nas.arch import Architecture
from nas.drawing import human, outline
from nas.nn.cost import num_params
from nas.records import TrialRecord, recipe_genes
from nas.report import (
    SIZE,
    CostAxis,
    aggregation_names,
    front_rows,
    recipe_text,
    values,
)
from nas.search import SearchConfig
from nas.space import BoundSpace, Domain


def percent(accuracy: float) -> str:
    """Return an accuracy in [0, 1] as '97.21 %'."""
    return f"{100 * accuracy:.2f} %"


def duration(seconds: float) -> str:
    """Return a time as '42 s', '3 min 05 s' or '2 h 07 min'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def front_table(
    front: Sequence[TrialRecord], title: str, costs: Sequence[CostAxis] = SIZE
) -> Table:
    """Return the front, cheapest network first, with what it costs."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    further = [cost for cost in costs if cost.name not in ("params", "macs")]
    names = [*("trial", "accuracy", "parameters", "MACs"), *(c.label for c in further)]
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("blocks", overflow="fold")
    rows = front_rows(front)
    if with_recipes := any(row.recipe for row in rows):
        words = [word for row in rows for word in row.recipe.split()]
        table.add_column("recipe", min_width=max(map(len, words)))
    with_arms = any(row.arm == "random" for row in rows)
    if with_arms:
        table.add_column("arm")
    for row, record in zip(rows, front, strict=True):
        table.add_row(
            str(row.trial),
            percent(row.accuracy),
            f"{row.params:,}",
            human(row.macs),
            *(
                c.write(at)
                for c, at in zip(further, values(record, further), strict=True)
            ),
            row.aggregations,
            *([row.recipe] if with_recipes else []),
            *([row.arm] if with_arms else []),
        )
    return table


def stopped_table(stopped: Sequence[TrialRecord], config: SearchConfig) -> Table:
    """Return trials that were stopped early, and how far each of them got."""
    title = "Stopped early, not on the front"
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    further = [cost for cost in config.costs if cost.name != "params"]
    for name in (
        "trial",
        "reached",
        "parameters",
        *(c.label for c in further),
        "after",
    ):
        table.add_column(name, justify="right")
    for record in stopped:
        table.add_row(
            str(record.trial),
            percent(shown_accuracy(record)),
            f"{record.params:,}",
            *("" if (at := c.of(record)) is None else c.write(at) for c in further),
            progress(record, config),
        )
    return table


def shown_accuracy(record: TrialRecord) -> float:
    """Return what a trial that did not fail has reached, at its end or at a pause."""
    if record.accuracy is not None:
        return record.accuracy
    return record.standings[-1][1]


def progress(record: TrialRecord, config: SearchConfig) -> str:
    """Return how far a trial got: '5 of 15 epochs'."""
    return f"{len(record.curve)} of {config.recipe.epochs} epochs"


def outline_table(architecture: Architecture, title: str) -> Table:
    """Return an architecture part by part, with what each costs."""
    shown = outline(architecture)
    channels, height, width = architecture.input_shape
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("part")
    table.add_column("what", overflow="fold")
    for name in ("channels", "resolution", "parameters", "share", "MACs"):
        table.add_column(name, justify="right")
    table.add_row("image", "", str(channels), f"{height}x{width}", "", "", "")
    for i, part in enumerate(shown.parts):
        branch = "└─" if i == len(shown.parts) - 1 else "├─"
        table.add_row(
            f"{branch} {part.name}",
            part.description,
            f"{part.w_in} → {part.w_out}",
            f"{part.resolution[0]}x{part.resolution[1]}",
            f"{part.params:,}",
            f"{100 * part.share:.0f} %",
            human(part.macs),
        )
    for part in shown.aux:
        table.add_row(
            f"   {part.name}",
            part.description,
            f"{part.w_in} → {part.w_out}",
            f"{part.resolution[0]}x{part.resolution[1]}",
            f"({part.params:,})",
            "",
            human(part.macs),
        )
    table.add_section()
    table.add_row(
        "network", "", "", "", f"{shown.params:,}", "", human(shown.macs), style="bold"
    )
    return table


def space_summary(bound: BoundSpace, samples: Sequence[Architecture]) -> RenderableType:
    """Return what a space holds for the given images and budget, and a few samples."""
    space = bound.space
    shape = "x".join(map(str, bound.input_shape))
    facts = Table.grid(padding=(0, 2))
    facts.add_row("topologies", f"10^{space.log10_topologies():.1f}")
    facts.add_row(
        "sizes",
        f"{bound.min_params:,} to {bound.max_params:,} parameters for {shape} images "
        f"of {bound.num_classes} classes",
    )
    widths = "solved for a target size" if space.solved else "in channels"
    facts.add_row("widths", f"{widths}, multiples of {space.multiple_of}")
    if fixed := space.recipe.fixed:
        facts.add_row("recipe", f"{recipe_text(fixed)}, fixed")
    genes = Table(box=None, title="genes", title_justify="left", title_style="bold")
    genes.add_column("gene")
    genes.add_column("may be")
    for name, domain in _grouped(bound.domains):
        genes.add_row(name, str(domain))
    drawn = Table(box=None, title="samples", title_justify="left", title_style="bold")
    drawn.add_column("parameters", justify="right")
    with_recipes = bool(space.recipe.varied)
    for name in ("blocks", "units", "depths", "widths", *["recipe"] * with_recipes):
        drawn.add_column(name)
    for architecture in samples:
        blocks = architecture.blocks
        drawn.add_row(
            f"{num_params(architecture):,}",
            " ".join(aggregation_names(architecture)),
            " ".join(block.unit.kind for block in blocks),
            " ".join(str(block.depth) for block in blocks),
            " ".join(str(block.width) for block in blocks),
            *[recipe_text(recipe_genes(architecture.genes))] * with_recipes,
        )
    title = Text.assemble((space.name, "bold"), f": {space.description}")
    return Group(title, facts, Text(), genes, Text(), drawn)


def _grouped(domains: Mapping[str, Domain]) -> list[tuple[str, Domain]]:
    """Return genes with their domains, one row for all blocks that share one."""
    blocks: dict[tuple[str, str], list[str]] = {}
    for name, domain in domains.items():
        place, _, gene = name.partition(".")
        blocks.setdefault((gene, str(domain)), []).append(place)
    rows = []
    for (gene, _), places in blocks.items():
        name = f"{places[0]}.{gene}" if gene else places[0]
        domain = domains[name]
        if len(places) > 1:
            numbers = [place.removeprefix("block") for place in places]
            name = f"block {','.join(numbers)} {gene}"
        rows.append((name, domain))
    return rows
