"""Helm and kubectl of two generations, to render charts and kustomizations. Neither talks to a cluster."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lab.fetch import fetch
from lab.process import run

PARTS = {3: "helm-3.17.2", 4: "helm-4.3.1"}
"""Generation of Helm → the part that has it, and the kubectl of its time."""


def template(
    chart: Path,
    values: Mapping[str, object],
    *,
    generation: int,
    kubernetes: str = "1.36.0",
    api_versions: Sequence[str] = (),
    namespace: str = "default",
) -> list[dict[str, Any]]:
    """Return the objects that a chart renders. Raise LabError, with Helm's output, if it refuses the values."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(dict(values), file)
        file.flush()
        given = [word for name in api_versions for word in ("--api-versions", name)]
        text = run(
            [
                *(fetch(PARTS[generation]) / "helm", "template", "release", chart, "--values", file.name),
                *("--kube-version", kubernetes, "--namespace", namespace, *given),
            ],
            what=f"helm template {chart.name}",
        )
    return objects(text)


def package(chart: Path, folder: Path, *, generation: int) -> Path:
    """Write a chart's archive into a folder, and return its path."""
    helm = fetch(PARTS[generation]) / "helm"
    run([helm, "package", chart, "--destination", folder], what=f"helm package {chart.name}")
    (archive,) = folder.glob("*.tgz")
    return archive


def lint(chart: Path, values: Mapping[str, object], *, generation: int) -> str:
    """Return what helm lint says about a chart. Raise LabError, with its output, if it finds an error."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(dict(values), file)
        file.flush()
        helm = fetch(PARTS[generation]) / "helm"
        return run([helm, "lint", "--strict", chart, "--values", file.name], what=f"helm lint {chart.name}")


def kustomize(folder: Path, *, generation: int) -> list[dict[str, Any]]:
    """Return the objects of a kustomization. Raise LabError, with kubectl's output, if it cannot be built."""
    return objects(
        run([fetch(PARTS[generation]) / "kubectl", "kustomize", folder], what=f"kubectl kustomize {folder.name}")
    )


def objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of a stream of documents."""
    return [content for content in yaml.load_all(text, yaml.CSafeLoader) if content]
