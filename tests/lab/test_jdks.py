import pytest

from lab.fetch import PARTS_FILE, link_merged_usr, read_parts
from lab.jdks import demand_root, java_in, major, release_in
from lab.process import LabError


@pytest.mark.parametrize(
    ("line", "release", "version"),
    [
        ('openjdk version "1.8.0_482"', "1.8.0_482", 8),
        ('openjdk version "17.0.15" 2025-04-15', "17.0.15", 17),
        ('openjdk version "26-ea" 2026-03-17', "26-ea", 26),
    ],
)
def test_the_release_of_a_jdk_names_its_version(line, release, version):
    assert release_in(f"{line}\nOpenJDK Runtime Environment\n") == release
    assert major(release) == version


def test_each_jdk_is_a_root_with_the_c_library_of_its_own_suite():
    parts = {name: part for name, part in read_parts(PARTS_FILE.read_text()).items() if name.startswith("jdk-")}

    assert set(parts) == {"jdk-8", "jdk-11", "jdk-21", "jdk-25", "jdk-26"}
    assert all(part.is_root and "libc6" in part.packages for part in parts.values())


@pytest.mark.parametrize("place", ["jre/bin", "bin"])
def test_java_is_found_and_the_programs_of_a_root_find_their_loader(tmp_path, place):
    home = tmp_path / "usr" / "lib" / "jvm" / "java-8-openjdk-amd64" / place
    home.mkdir(parents=True)
    (home / "java").touch()
    (tmp_path / "usr" / "lib64").mkdir()
    (tmp_path / "usr" / "lib64" / "ld-linux-x86-64.so.2").touch()

    link_merged_usr(tmp_path)

    assert str(java_in(tmp_path)) == f"/usr/lib/jvm/java-8-openjdk-amd64/{place}/java"
    assert (tmp_path / "lib64" / "ld-linux-x86-64.so.2").exists()


def test_a_user_who_is_not_root_is_told_what_the_other_jdks_need(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(LabError, match=r"needs root, on Debian"):
        demand_root()
