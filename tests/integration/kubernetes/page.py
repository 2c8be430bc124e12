"""The page docs/kubernetes-proof.md, and the rows in ``recorded/kubernetes`` that it is made of.

``python -m tests.integration.kubernetes.page`` writes the page from what is recorded.
"""

import ast
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.paths import DOCS, RECORDED

FOLDER = Path(__file__).parent
RESULTS = RECORDED / "kubernetes"
PAGE = DOCS / "kubernetes-proof.md"
HEADER = """\
# What a real Kubernetes API server says about the sidecar

<!-- Written by `make kubernetes`; do not edit. -->

`make kubernetes` starts Kubernetes' own API server with etcd and the controllers, and runs the tests in
[`tests/integration/kubernetes`](../tests/integration/kubernetes); each row below is one that has passed. It needs
Debian, a JDK, Maven, openssl, podman, and the minutes of building the server, once. Where it cannot run, it fails and
says why; `WITHOUT_KUBERNETES=1` skips it, and the run says so.

The API server has no node: it creates and admits pods, which are compared with their
[description](../exporter/kafka_producer_exporter/sidecar/parts.py), and starts no container. Where a row says that a
pod ran, it ran under podman, to which a native sidecar is a container like the others.
**No kubelet has run a native sidecar.**
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A test that has passed."""

    test: str
    """Its name: a sentence."""
    case: str
    """Its parameters; empty if it has none."""
    found: str
    """What it has seen; empty if that is what the name says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A run of a module in which every test has passed."""

    versions: dict[str, str]
    rows: list[Row]


def save(module: str, section: Section, folder: Path = RESULTS) -> None:
    """Record a run of a module."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(section), indent=1, ensure_ascii=False)
    (folder / f"{module}.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path = RESULTS) -> dict[str, Section]:
    """Return the recorded runs by module."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        found[file.stem] = Section(versions=content["versions"], rows=[Row(**row) for row in content["rows"]])
    return found


def modules() -> dict[str, ast.Module]:
    """Return the test modules of this folder by name."""
    return {file.stem: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("test_*.py"))}


def names_of_tests(module: ast.Module) -> list[str]:
    """Return the names of a module's tests, in their order."""
    return [each.name for each in module.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")]


def text_of(sections: dict[str, Section], titles: dict[str, str]) -> str:
    """Return the page; *titles* are the modules in the page's order."""
    parts = [HEADER]
    for module, title in titles.items():
        if module in sections:
            parts.append(_text(title, sections[module]))
        else:
            parts.append(f"## {title}\n\nNot run yet.\n")
    return "\n".join(parts)


def _text(title: str, section: Section) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in section.versions.items())
    lines = [
        f"## {title}\n",
        f"{len(section.rows)} rows; {versions}.\n",
        "| What holds | Case | Found |",
        "| --- | --- | --- |",
    ]
    previous = ""
    for row in section.rows:
        sentence = _sentence(row.test) if row.test != previous else ""
        previous = row.test
        lines.append(f"| {sentence} | {_cell(row.case)} | {_cell(row.found)} |")
    return "\n".join(lines) + "\n"


def _sentence(test: str) -> str:
    words = test.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def _cell(text: str) -> str:
    for character, escaped in (("|", "\\|"), ("<", "&lt;"), ("[", "&#91;"), ("]", "&#93;"), ("*", "&#42;")):
        text = text.replace(character, escaped)
    return " ".join(text.split())


def write_page() -> None:
    """Write the page from what is recorded."""
    titles = {
        name: (ast.get_docstring(module) or name).splitlines()[0].rstrip(".") for name, module in modules().items()
    }
    PAGE.write_text(text_of(load(), titles), encoding="utf-8")


if __name__ == "__main__":
    write_page()
