import fcntl
import hashlib
import threading

import pytest

from lab.fetch import (
    CHECKSUMS_FILE,
    PARTS_FILE,
    UNFINISHED,
    Fetcher,
    MavenPart,
    main,
    read_checksums,
    read_parts,
    write_checksums,
)
from lab.process import LabError

JAR = b"a jar"
PINNED = {"tool": {"tool-1.jar": hashlib.sha256(JAR).hexdigest()}}


class FakePart:
    """Brings the files that it was made with, then raises what it was made with, and counts."""

    def __init__(self, files=None, error=None, stamp="tool 1"):
        self.files = {"tool-1.jar": JAR} if files is None else files
        self.error = error
        self.name = stamp
        self.downloads = 0

    def stamp(self):
        return self.name

    def download(self, folder, *, cache):
        self.downloads += 1
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        if self.error:
            raise self.error


def fetcher(cache, part, checksums=PINNED):
    return Fetcher(cache=cache, parts={"tool": part}, checksums=checksums, report=lambda line: None)


def remains(cache):
    return sorted(path.name for path in (cache / "parts").iterdir())


def test_a_part_is_fetched_once_and_is_then_there(tmp_path):
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
        ({}, r"tool/tool-1\.jar: in parts\.sha256, but did not come"),
    ],
)
def test_what_is_not_pinned_is_refused_by_name_and_nothing_of_it_is_kept(tmp_path, files, message):
    with pytest.raises(LabError, match=message):
        fetcher(tmp_path, FakePart(files)).fetch("tool")

    assert remains(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), LabError("mvn: exit code 1")])
def test_an_interrupted_fetch_leaves_nothing_half(tmp_path, error):
    with pytest.raises(type(error)):
        fetcher(tmp_path, FakePart(error=error)).fetch("tool")

    assert remains(tmp_path) == []
    assert not fetcher(tmp_path, FakePart()).has("tool")
    assert fetcher(tmp_path, FakePart()).fetch("tool").exists()


def test_a_part_stays_as_it_was_when_its_renewal_fails(tmp_path):
    fetcher(tmp_path, FakePart(stamp="tool 1")).fetch("tool")

    with pytest.raises(LabError):
        fetcher(tmp_path, FakePart(stamp="tool 2", files={"tool-1.jar": b"wrong"})).fetch("tool")

    assert fetcher(tmp_path, FakePart(stamp="tool 1")).has("tool")
    assert remains(tmp_path) == ["tool"]


def test_a_part_that_the_list_has_changed_is_fetched_anew(tmp_path):
    fetcher(tmp_path, FakePart(stamp="tool 1")).fetch("tool")
    changed = FakePart(stamp="tool 2")

    fetcher(tmp_path, changed).fetch("tool")

    assert changed.downloads == 1
    assert remains(tmp_path) == ["tool"]


def test_what_a_killed_fetch_left_is_cleared_away(tmp_path):
    (tmp_path / "parts" / f"{UNFINISHED}x").mkdir(parents=True)

    fetcher(tmp_path, FakePart()).fetch("tool")

    assert remains(tmp_path) == ["tool"]


def test_two_that_want_the_same_part_at_once_fetch_it_once(tmp_path):
    part, waits = FakePart(), threading.Event()
    second = Fetcher(cache=tmp_path, parts={"tool": part}, checksums=PINNED, report=lambda line: waits.set())
    thread = threading.Thread(target=second.fetch, args=("tool",))
    tmp_path.mkdir(exist_ok=True)
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        thread.start()
        said_that_it_waits = waits.wait(10)
        before = part.downloads
    fetcher(tmp_path, part).fetch("tool")
    thread.join(10)

    assert said_that_it_waits
    assert before == 0
    assert part.downloads == 1


def test_a_part_that_nobody_knows_is_refused_with_the_names_that_are_known(tmp_path):
    with pytest.raises(LabError, match="hammer: no such part; there are: tool"):
        fetcher(tmp_path, FakePart()).fetch("hammer")


def test_a_missing_program_is_named_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(LabError, match=r"java: not found on this machine; install it .*openjdk"):
        fetcher(tmp_path, MavenPart(artifacts=("a:b:1",), plugin="1")).fetch("tool")


def test_checksums_are_read_as_they_are_written():
    assert read_checksums(write_checksums(PINNED)) == PINNED


def test_every_jar_that_the_list_names_is_pinned_and_nothing_else_is():
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


def test_the_command_says_what_is_wrong_and_ends_with_its_code(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code = main(["hammer"])

    assert code == 3
    assert "ERROR hammer: no such part" in capsys.readouterr().err
