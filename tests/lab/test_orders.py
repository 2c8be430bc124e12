from lab.orders import _folded


def test_no_line_of_a_jars_manifest_is_longer_than_java_allows():
    line = f"Class-Path: {' '.join(f'library-{number}.jar' for number in range(40))}"

    lines = _folded(line)

    assert max(len(each) for each in lines) <= 70
    assert all(each.startswith(" ") for each in lines[1:])
    assert lines[0] + "".join(each[1:] for each in lines[1:]) == line
