"""Each file of the chart's folder ``ci`` is a choice of values that works."""

import kubernetes_validate
import pytest
import yaml

from lab.helm import lint, template
from tests.integration.chart.rendering import CHART

VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
POLICY = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
CUSTOM = {"monitoring.coreos.com/v1"}
"""Objects of the Prometheus Operator. ``make kubernetes`` validates them in a real API server."""
KUBERNETES = ("1.25", "1.37")
SWITCH = "enabled"


@pytest.mark.parametrize("file", VALUES, ids=lambda file: file.stem.removesuffix("-values"))
def test_these_values_pass_helm_lint_and_kubernetes_validation(generation, file):
    values = yaml.safe_load(file.read_text())
    needs_policy = values.get("injector", {}).get(SWITCH, False)
    versions = [version for version in KUBERNETES if not needs_policy or version >= "1.36"]

    assert "0 chart(s) failed" in lint(CHART, values, generation=generation)

    for version in versions:
        found = template(CHART, values, generation=generation, kubernetes=version, api_versions=[POLICY] * needs_policy)
        assert found
        for content in found:
            if content["apiVersion"] not in CUSTOM:
                kubernetes_validate.validate(content, version, strict=True)


def test_every_part_of_the_chart_has_values_that_are_tried():
    parts = {
        name
        for name, value in yaml.safe_load((CHART / "values.yaml").read_text()).items()
        if isinstance(value, dict) and SWITCH in value
    }

    tried = {
        name
        for file in VALUES
        for name, value in yaml.safe_load(file.read_text()).items()
        if isinstance(value, dict) and value.get(SWITCH)
    }

    assert parts == tried
