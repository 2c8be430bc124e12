import pytest

from alerts.runbook_pages import pages
from kafka_producer_exporter.pack import runbooks

ENGLISH = {
    "KafkaProducerThrottled": """# KafkaProducerThrottled

A quota slows
a producer.

## Meaning

See [other](KafkaClockSkew).
""",
    "KafkaClockSkew": "# KafkaClockSkew\n\nThe clock is wrong.\n\n## Meaning\n\n`a < b`\n",
}
KOREAN = {
    "KafkaProducerThrottled": """# KafkaProducerThrottled

쿼터가 프로듀서를 늦춥니다.

## 의미

[다른](KafkaClockSkew) 런북.
""",
    "KafkaClockSkew": "# KafkaClockSkew\n\n시계가 맞지 않습니다.\n\n## 의미\n\n`a < b`\n",
}


@pytest.fixture
def two_runbooks(tmp_path, monkeypatch):
    """Lets the package have these two runbooks, made as the build makes them. Returns the folder of its data."""
    for language, texts in (("en", ENGLISH), ("ko", KOREAN)):
        (tmp_path / "source" / language).mkdir(parents=True)
        for name, text in texts.items():
            (tmp_path / "source" / language / f"{name}.md").write_text(text, encoding="utf-8")
    for path, text in pages(tmp_path / "source").items():
        file = tmp_path / "data" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(runbooks, "_RUNBOOKS", tmp_path / "data" / "runbooks")
    return tmp_path / "data"
