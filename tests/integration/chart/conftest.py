"""A user's own chart, for Helm 3 and for Helm 4."""

import pytest

from tests.integration.chart.rendering import Parent


@pytest.fixture
def parent(tmp_path, generation):
    """A chart of a user's own that includes the sidecar's templates."""
    return Parent(tmp_path / "shop", generation)
