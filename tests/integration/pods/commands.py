"""Blocks of commands, run as they stand in a page, without a cluster."""

import base64
import os
import shutil
import subprocess
import sys

import yaml

from lab.fetch import fetch
from lab.helm import PARTS
from tests.blocks import block
from tests.integration.pods import offline
from tests.paths import ROOT

REGISTRY = "registry.example.com"
BLOCK_SECONDS = 100


def copy_checkout(place):
    """Copy the files that git knows, and those that it would add, into a new folder, and return it."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def write_programs(folder):
    """Write kubectl and helm without a cluster into a folder, and return it."""
    for name in ("kubectl", "helm"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {offline.__file__} {name} "$@"\n')
        program.chmod(0o755)
    return folder


class Commands:
    """Runs blocks of a page in a checkout, and knows what they would have applied."""

    def __init__(self, checkout, page, *, programs, registry=REGISTRY):
        """*programs* are folders for the PATH; *registry* is what ``registry.example.com`` stands for."""
        self.checkout = checkout
        self._page = page
        self._registry = registry
        self._applied = checkout.parent / "applied"
        self._applied.mkdir()
        self._environment = {
            **{name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
            "PATH": ":".join([*map(str, programs), os.environ["PATH"]]),
            "OFFLINE_PROGRAMS": str(fetch(PARTS[4])),
            "OFFLINE_APPLIED": str(self._applied),
        }

    def write(self, deployment):
        """Write ``deployment.yaml``, which stands for the user's own."""
        text = yaml.safe_dump(deployment).replace(REGISTRY, self._registry)
        (self.checkout / "deployment.yaml").write_text(text)

    def run(self, name):
        """Run a block; fail if one of its commands fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block(self._page, name).text.replace(REGISTRY, self._registry)],
            cwd=self.checkout,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"

    def pod(self):
        """Return the pod of the Deployment that was applied last."""
        return self.objects("Deployment")[-1]["spec"]["template"]

    def secrets(self):
        """Return name → key → value of the Secrets."""
        return {
            each["metadata"]["name"]: {key: base64.b64decode(text).decode() for key, text in each["data"].items()}
            for each in self.objects("Secret")
        }

    def objects(self, kind):
        """Return the objects of a kind, in the order in which they would have been applied."""
        documents = (yaml.safe_load_all(file.read_text()) for file in sorted(self._applied.glob("*.yaml")))
        return [content for each in documents for content in each if content and content["kind"] == kind]
