"""The chart, rendered by Helm 3 and by Helm 4."""

import pytest

from lab.helm import PARTS
from tests.integration.chart.rendering import Parent


@pytest.fixture(params=PARTS, ids=lambda generation: f"helm{generation}")
def generation(request, lab):
    """Each generation of Helm, and the kubectl of its time."""
    return request.param


@pytest.fixture
def parent(tmp_path, generation):
    """A chart of a user's own that includes the sidecar's templates."""
    return Parent(tmp_path / "shop", generation)
