"""A Kubernetes API server with its etcd and its controllers, on loopback ports.

``with ApiServer() as server: server.kubectl("apply", "-f", "-", text=manifest); server.helm("install", …)``

A command line of a document runs against it with ``env=server.environment``, where kubectl and helm are on the PATH.

The programs are built from source by ``python -m lab.fetch kubernetes``, once and in minutes; ``fetch`` does that, too.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lab.fetch import fetch
from lab.helm import PARTS
from lab.process import LabError, Port, Process, Service, need, run, wait_until

KUBERNETES = "kubernetes"
ETCD = "etcd"
CRDS = "prometheus-operator-crds"
NEEDED = (KUBERNETES, ETCD, CRDS, *PARTS.values())
"""The parts that it is made of; a caller with a deadline fetches them first."""
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
"""Labels of a namespace that admits only pods of the profile restricted."""

WAIVED = "WITHOUT_KUBERNETES=1: whatever needs an API server is skipped"
_COMMAND_SECONDS = 60.0


def waived() -> bool:
    """Return True if the user has asked to skip whatever needs an API server."""
    return os.environ.get("WITHOUT_KUBERNETES") == "1"


class ApiServer(Service):
    """An API server that knows one user, who may do everything.

    With *controllers* (kube-controller-manager) a Deployment gets its pods, a namespace its service account, and what
    has no owner is deleted. *emulated_version*, such as 1.35, makes it behave like an older release.
    """

    def __init__(self, *, controllers: bool = True, emulated_version: str = "") -> None:
        self._controllers = controllers
        self._emulated = emulated_version
        self._ports = [Port(), Port(), Port()]
        self._client_port, self._peer_port, self._port = (port.number for port in self._ports)
        self._processes: list[Process] = []
        self.folder = Path(tempfile.mkdtemp(prefix="lab-kubernetes-"))
        self.url = f"https://127.0.0.1:{self._port}"
        self.kubeconfig = self.folder / "kubeconfig"
        self._certificates = self.folder / "certificates"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command that talks to it: kubectl and Helm 4 on the PATH, and nothing from home."""
        programs = fetch(PARTS[4])
        return {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.folder / "kubectl"),
            **{f"HELM_{kind}_HOME": str(self.folder / "helm" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")},
        }

    def start(self) -> None:
        """Start everything, and return once it has its namespaces."""
        programs, etcd = fetch(KUBERNETES), fetch(ETCD)
        self._write_keys()
        self._start_etcd(etcd / "usr" / "bin" / "etcd")
        self._start_server(programs / "kube-apiserver")
        if self._controllers:
            self._start_controllers(programs / "kube-controller-manager")

    def close(self) -> None:
        """Stop everything, and delete all that it has stored."""
        while self._processes:
            self._processes.pop().stop()
        for port in self._ports:
            port.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def version(self) -> str:
        """The version of the API server, such as 1.36.3."""
        found: str = json.loads(self.kubectl("version", "--output=json"))["serverVersion"]["gitVersion"]
        return found.removeprefix("v")

    def log(self) -> str:
        """Return what the API server has logged."""
        return (self.folder / "kube-apiserver.log").read_text(errors="replace")

    def kubectl(self, *words: str | Path, text: str = "") -> str:
        """Run kubectl with *text* on its standard input, and return its output; raise LabError if it fails."""
        return self._run("kubectl", fetch(PARTS[4]) / "kubectl", words, text)

    def helm(self, *words: str | Path, generation: int = 4) -> str:
        """Run Helm and return its output; raise LabError if it fails."""
        return self._run("helm", fetch(PARTS[generation]) / "helm", words, "")

    def apply(self, *contents: Mapping[str, Any], options: Sequence[str] = (), namespace: str = "") -> str:
        """Apply objects, with strict validation, and return what kubectl says; raise LabError if one is refused.

        Without *namespace*, an object goes into the one that it names, or into default.
        """
        words = ["apply", "--validate=strict", *options, "--filename=-"]
        if namespace:
            words.append(f"--namespace={namespace}")
        return self.kubectl(*words, text=yaml.safe_dump_all(contents))

    def get(self, kind: str, name: str, *, namespace: str = "default") -> dict[str, Any]:
        """Return an object; raise LabError if there is none."""
        words = ("get", kind, name, f"--namespace={namespace}", "--output=json")
        content: dict[str, Any] = json.loads(self.kubectl(*words))
        return content

    def list(self, *kinds: str, selector: str = "", namespace: str = "") -> list[dict[str, Any]]:
        """Return the objects of these kinds: all, or those with the labels, or those of one namespace."""
        words = ["get", ",".join(kinds), "--output=json", f"--selector={selector}"]
        words.append(f"--namespace={namespace}" if namespace else "--all-namespaces")
        items: list[dict[str, Any]] = json.loads(self.kubectl(*words))["items"]
        return items

    def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Create a namespace, and return once pods can be created in it."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels or {})}}
        self.apply(namespace)
        self._add_account(name)

    def install_prometheus_operator(self) -> None:
        """Install the CustomResourceDefinitions of the Prometheus Operator, and return once they are served."""
        names = ("podmonitors", "servicemonitors", "prometheusrules", "probes")
        files = [fetch(CRDS) / f"monitoring.coreos.com_{name}.yaml" for name in names]
        self.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        crds = [f"crd/{name}.monitoring.coreos.com" for name in names]
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *crds)

    def _add_account(self, namespace: str) -> None:
        if not self._controllers:
            self.kubectl("create", "serviceaccount", "default", f"--namespace={namespace}")
        wait_until(f"{namespace} has a service account", lambda: self._has_account(namespace))

    def _has_account(self, namespace: str) -> bool:
        words = ("get", "serviceaccount", "default", f"--namespace={namespace}", "--ignore-not-found", "--output=name")
        return bool(self.kubectl(*words))

    def _write_keys(self) -> None:
        key, public = self.folder / "account.key", self.folder / "account.pub"
        openssl = need("openssl", package="openssl")
        run([openssl, "genrsa", "-out", key, "2048"], what="openssl genrsa")
        run([openssl, "rsa", "-in", key, "-pubout", "-out", public], what="openssl rsa")
        token = secrets.token_hex(16)
        (self.folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
        cluster = {"server": self.url, "certificate-authority": str(self._certificates / "apiserver.crt")}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
            "current-context": "lab",
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(yaml.safe_dump(content))

    def _start_etcd(self, program: Path) -> None:
        clients, peers = f"http://127.0.0.1:{self._client_port}", f"http://127.0.0.1:{self._peer_port}"
        self._launch(
            program,
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        )

    def _start_server(self, program: Path) -> None:
        emulated = [f"--emulated-version=kube={self._emulated}"] if self._emulated else []
        self._launch(
            program,
            f"--etcd-servers=http://127.0.0.1:{self._client_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            # Nothing has to find it, and a loopback address may not be published.
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self._certificates}",
            f"--service-account-key-file={self.folder / 'account.pub'}",
            f"--service-account-signing-key-file={self.folder / 'account.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            *emulated,
        )
        wait_until("the API server is ready", self._is_ready, processes=self._processes, timeout_seconds=90)

    def _start_controllers(self, program: Path) -> None:
        self._launch(
            program,
            f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={self.folder / 'account.key'}",
            f"--root-ca-file={self._certificates / 'apiserver.crt'}",
            "--leader-elect=false",
            "--secure-port=0",
        )
        wait_until("the controllers work", lambda: self._has_account("default"), processes=self._processes)

    def _is_ready(self) -> bool:
        try:
            return self.kubectl("get", "--raw=/readyz") == "ok"
        except LabError:
            return False

    def _launch(self, program: Path, *words: str) -> None:
        log_file = self.folder / f"{program.name}.log"
        self._processes.append(Process(program.name, [program, *words], log_file=log_file))

    def _run(self, name: str, program: Path, words: Sequence[str | Path], text: str) -> str:
        command = [str(program), *(str(word) for word in words)]
        try:
            done = subprocess.run(
                command,
                input=text,
                env=self.environment,
                text=True,
                capture_output=True,
                check=False,
                timeout=_COMMAND_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{name} {words[0]}: not done after {_COMMAND_SECONDS:g} s") from None
        if done.returncode:
            raise LabError(f"{name} {words[0]}: exit code {done.returncode}\n{done.stdout}{done.stderr}".strip())
        return done.stdout
