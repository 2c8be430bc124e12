"""Rule files as YAML: a plain one for Prometheus, and the custom resource of the Prometheus Operator."""

from collections.abc import Mapping
from typing import Any

import yaml

FORMATS = ("prometheus", "prometheusrule")


def document(content: Mapping[str, Any], form: str) -> str:
    """Return the text of a rule file; *content* is what ``pack.rules.render`` returns."""
    if form == "prometheusrule":
        labels = {"app.kubernetes.io/name": "kafka-producer-exporter"}
        content = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "kafka-producer-exporter", "labels": labels},
            "spec": content,
        }
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as a block, without quotes."""

    def ignore_aliases(self, data: object) -> bool:
        """Write equal values out each time."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
