"""``kubectl`` and ``helm`` for a block of commands without a cluster: what would be applied is written to files.

Everything else is the real program's: it makes the Secret, adds labels, builds kustomizations and renders charts. The
environment has the folder of the programs (OFFLINE_PROGRAMS) and of the files (OFFLINE_APPLIED).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(os.environ.get("OFFLINE_PROGRAMS", ""))
APPLIED = Path(os.environ.get("OFFLINE_APPLIED", ""))
KUBERNETES = "1.36.0"
ONLY_FOR_CLUSTERS = {"--install", "--create-namespace", "--reuse-values", "--server-side"}


def real(program: str, words: list[str], text: str = "") -> str:
    """Run the real program, and return its output."""
    return subprocess.run(
        [PROGRAMS / program, *words], input=text, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def apply(text: str) -> None:
    """Write what would be applied; the names of the files are in their order."""
    (APPLIED / f"{len(list(APPLIED.glob('*.yaml'))):03}.yaml").write_text(text)


def kubectl(words: list[str]) -> None:
    """Do what a command of kubectl does that needs no cluster, or keep what it would send to one."""
    if "--local" in words or "--dry-run=client" in words:
        print(real("kubectl", words, "" if sys.stdin.isatty() else sys.stdin.read()), end="")
    elif words[:2] == ["create", "secret"]:
        apply(real("kubectl", [*words, "--dry-run=client", "--output=yaml"]))
    elif words[0] == "apply" and "-k" in words:
        apply(real("kubectl", ["kustomize", words[words.index("-k") + 1]]))
    elif words[0] == "apply" and words[-2:] == ["-f", "-"]:
        apply(sys.stdin.read())
    else:
        sys.exit(f"kubectl {words[0]}: needs a cluster")


def helm(words: list[str]) -> None:
    """Render the chart of ``helm upgrade``; the values of a release are kept for ``--reuse-values``."""
    if words[0] != "upgrade":
        sys.exit(f"helm {words[0]}: needs a cluster")
    release, chart, *options = [word for word in words[1:] if word not in ONLY_FOR_CLUSTERS]
    kept = APPLIED / f"{release}.json"
    if "--reuse-values" in words:
        options = [*json.loads(kept.read_text()), *options]
    kept.write_text(json.dumps(options))
    apply(real("helm", ["template", release, chart, *options, f"--kube-version={KUBERNETES}"]))


if __name__ == "__main__":
    {"kubectl": kubectl, "helm": helm}[sys.argv[1]](sys.argv[2:])
