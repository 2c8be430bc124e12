"""Error codes and exception classes of a Kafka client, read from its jar.

``python -m lab.kafka_errors`` writes those of the newest client to ``recorded/kafka-errors-VERSION.json``, which the
fast tests compare with our own table.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from lab import jvm
from lab.process import run
from lab.producer import COMPILED_AGAINST, NEWEST_CLIENT

SOURCE = Path(__file__).parent / "java" / "KafkaErrors.java"
RECORDED = Path(__file__).parent.parent / "recorded"


@dataclass(frozen=True, slots=True)
class KafkaErrors:
    """What a jar says."""

    codes: dict[int, tuple[str, str]]
    """Code → name and exception class; the class is empty for NONE."""
    superclasses: dict[str, list[str]]
    """Exception class → its superclasses in Kafka, the nearest first."""

    @classmethod
    def read(cls, file: Path) -> "KafkaErrors":
        """Return what was recorded."""
        known = json.loads(file.read_text())
        return cls({code: (name, exception) for code, name, exception in known["codes"]}, known["superclasses"])

    def write(self, file: Path) -> None:
        """Record it, one code or class in a line."""
        codes = ",\n".join(json.dumps([code, *names]) for code, names in sorted(self.codes.items()))
        classes = ",\n".join(f"{json.dumps(name)}: {json.dumps(self.superclasses[name])}" for name in self.superclasses)
        file.write_text(f'{{"codes": [\n{codes}\n],\n"superclasses": {{\n{classes}\n}}}}\n')


def recorded_file(version: str = NEWEST_CLIENT) -> Path:
    """Return the file with the recorded errors of a client."""
    return RECORDED / f"kafka-errors-{version}.json"


def kafka_errors(version: str = NEWEST_CLIENT) -> KafkaErrors:
    """Read the jar of a client."""
    classes = jvm.compiled(SOURCE, part=COMPILED_AGAINST)
    path = f"{classes}:{jvm.class_path(f'kafka-clients-{version}')}"
    output = run([jvm.java(), *jvm.SMALL, "-cp", path, "KafkaErrors"], what=f"the errors of kafka-clients {version}")
    lines = [line.split("\t") for line in output.splitlines()]
    codes = {int(words[1]): (words[2], words[3]) for words in lines if words[0] == "code"}
    return KafkaErrors(codes, {words[1]: words[2:] for words in sorted(lines) if words[0] == "class"})


if __name__ == "__main__":
    kafka_errors().write(recorded_file())
