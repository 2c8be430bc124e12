import pytest

from tools.anchors import anchor, anchors, headings

PAGE = """\
# Title

```sh
# a comment
```

## Tips
### Tips
Text # no heading
## A [link](page.md) and `code`: done!
"""


def test_headings_are_found_outside_of_code_blocks():
    assert headings(PAGE) == ["# Title", "## Tips", "### Tips", "## A [link](page.md) and `code`: done!"]


def test_the_second_of_equal_headings_gets_a_number():
    assert anchors(PAGE) == ["title", "tips", "tips-1", "a-link-and-code-done"]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("## A broker's own JVM", "a-brokers-own-jvm"),
        ("## What `diagnose` finds", "what-diagnose-finds"),
        ("# kafka_producer / test-it", "kafka_producer--test-it"),
        ("## 좋은 옵션들, 보안", "좋은-옵션들-보안"),
    ],
)
def test_an_anchor_is_what_github_makes_of_the_heading(heading, expected):
    assert anchor(heading) == expected
