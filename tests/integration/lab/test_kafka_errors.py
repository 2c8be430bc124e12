"""The table of errors against the newest client's own classes."""

from kafka_producer_exporter.errorcodes.table import CODES, ENTRIES
from lab.kafka_errors import KafkaErrors, kafka_errors, recorded_file

RETRIABLE = "org.apache.kafka.common.errors.RetriableException"


def test_each_code_of_the_jar_has_an_entry_that_is_retriable_exactly_if_its_exception_is(lab):
    errors = kafka_errors()

    assert {code: (entry.name, entry.exception) for code, entry in CODES.items()} == errors.codes
    for entry in ENTRIES:
        if entry.exception.startswith("org.apache.kafka."):
            classes = [entry.exception, *errors.superclasses[entry.exception]]
            assert entry.retriable == (RETRIABLE in classes), entry.name
    assert errors == KafkaErrors.read(recorded_file())
