"""The text of ``test_model.py``: whether the code still gives what it gave."""

from collections.abc import Sequence
from typing import Final

from nas.export.dependencies import needed
from nas.export.formatting import Name, statement
from nas.export.imports import Import, import_block, model_imports
from nas.export.package import Package
from nas.nn.cost import cost

TOLERANCE: Final = 1e-4
"""Of the largest logit: a hundred times of what rounding does to known networks."""

IMAGES: Final = 2

_MOST_LOGITS: Final = 20

_MODEL: Final = ("CLASSES", "INPUT_SHAPE", "build", "load")

_TEST: Final = '''\
class TestModel(unittest.TestCase):
    """The network as it was exported."""

    def setUp(self) -> None:
        """Load its weights."""
        self.network = load()

    def test_it_is_ready_for_use(self) -> None:
        """It is in eval mode, and no smaller or larger than it was."""
        parameters = self.network.parameters()
        size = sum(p.numel() for p in parameters if p.requires_grad)
        assert not self.network.training
        assert size == PARAMETERS, size

    def test_logits(self) -> None:
        """The same images give the same logits as when it was exported."""
        found = self.logits(pattern({images}, INPUT_SHAPE))
        assert found.shape == ({images}, len(CLASSES)), found.shape
        self.compare(found{step}, torch.tensor(LOGITS))

    def test_the_other_images_of_a_batch_do_not_matter(self) -> None:
        """One by one, images give the same logits as together."""
        images = pattern(3, INPUT_SHAPE)
        alone = torch.cat([self.logits(image[None]) for image in images])
        self.compare(self.logits(images), alone)

    def test_other_classes(self) -> None:
        """For fine-tuning it is in training mode, with a new head."""
        network = build(num_classes=len(CLASSES) + 3)
        assert network.training
        assert network(pattern(2, INPUT_SHAPE)).shape == (2, len(CLASSES) + 3)

    def logits(self, images: Tensor) -> Tensor:
        """Return logits (N, classes) of images (N, C, H, W)."""
        with torch.inference_mode():
            return self.network(images)

    def compare(self, found: Tensor, expected: Tensor) -> None:
        """Refuse logits that are further apart than rounding explains."""
        largest = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE * largest)'''


def selftest_source(package: Package, logits: Sequence[Sequence[float]]) -> str:
    """Return the text of ``test_model.py``.

    Args:
        package: what is exported.
        logits: (2, classes), what the network gives for two images of ``pattern``.
    """
    num_classes = package.architecture.num_classes
    step = -(-num_classes // _MOST_LOGITS)
    images = needed([("nas.export.standalone", "pattern")])
    imports = {Import("torch"), Import("unittest"), *images.imports}
    stored = [[float(f"{value:.7g}") for value in row[::step]] for row in logits]
    constants = [
        statement("PARAMETERS", cost(package.architecture).total.params),
        statement("TOLERANCE", Name(f"{TOLERANCE:g}"))
        + "  # of the largest logit; processors and versions round differently",
        statement("LOGITS", stored),
    ]
    test = _TEST.format(images=len(logits), step="" if step == 1 else f"[:, ::{step}]")
    body = [
        "\n".join(constants),
        *images.texts,
        test,
        'if __name__ == "__main__":\n    unittest.main()',
    ]
    start = '"""Tests of model.py and its weights: python test_model.py, or pytest."""'
    head = "\n\n".join([start, import_block(imports), model_imports(_MODEL)])
    return f"{head}\n\n" + "\n\n\n".join(body) + "\n"
