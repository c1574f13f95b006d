"""Facts of a model as sentences, for its code and its card alike."""

from nas.export.facts import ModelFacts, TestedFacts
from nas.records import Recipe


def percent(accuracy: float) -> str:
    """Return an accuracy in [0, 1] as '97.21 %'."""
    return f"{100 * accuracy:.2f} %"


def accuracy_text(facts: ModelFacts) -> str:
    """Return what a model reaches, in a line."""
    metric = "" if facts.metric == "accuracy" else f" {facts.metric}"
    if facts.recipe is None:
        return f"none: it is untrained, its weights were drawn from seed {facts.seed}"
    if facts.tested is not None:
        tested = facts.tested
        text = f"{percent(tested.accuracy)}{metric} on the test split"
        spread = seeds_text(tested)
        return f"{text}; {spread}" if spread else text
    if facts.accuracy is not None:
        return f"{percent(facts.accuracy)}{metric} on the validation split"
    return ""


def seeds_text(tested: TestedFacts) -> str:
    """Return what trainings from several seeds reached; nothing for a single one."""
    number = len(tested.accuracies)
    if number < 2:
        return ""
    text = f"the mean over {number} seeds is {percent(tested.mean)}"
    if tested.std is not None:
        text += f", standard deviation {100 * tested.std:.2f}"
    if tested.low is not None and tested.high is not None:
        text += f", 95 % interval {100 * tested.low:.2f} to {percent(tested.high)}"
    return text


def recipe_text(recipe: Recipe | None) -> str:
    """Return how a network was trained, in a sentence."""
    if recipe is None:
        return ""
    return (
        f"{recipe.epochs} epochs, batches of {recipe.batch_size}, {recipe.optimizer} "
        f"with a {recipe.schedule} schedule, peak learning rate {recipe.lr:g}, weight "
        f"decay {recipe.weight_decay:g}, label smoothing {recipe.label_smoothing:g}, "
        f"{'no' if recipe.augment == 'none' else recipe.augment} augmentation"
        f"{', images mirrored at random' if recipe.flip else ''}"
        f"{', rare classes weighed up' if recipe.class_weights else ''}"
    )
