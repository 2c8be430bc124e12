"""A new producer for each record."""

import itertools
import time

from kafka.record.default_records import DefaultRecordBatchBuilder

from lab.faults.fault import Fault
from lab.log_writer import produce

FIRST_PRODUCER_ID = 50_000_000


class ManyProducers(Fault):
    """An application that does not keep its producer. Its batches are made by hand: a JVM is too slow for so many."""

    def prepare(self) -> None:
        """Create the topic."""
        self._topic = self.topic()
        self._ids = itertools.count(FIRST_PRODUCER_ID)
        self._leader = self.world.leader(self._topic)
        self._write()

    def begin(self) -> None:
        """Write each record with a new producer id."""
        self._end_loop = self.repeat(0.03, self._write)

    def end(self) -> None:
        """Write no more."""
        self._end_loop()

    def _write(self) -> None:
        builder = DefaultRecordBatchBuilder(
            magic=2,
            compression_type=0,
            is_transactional=False,
            producer_id=next(self._ids),
            producer_epoch=0,
            base_sequence=0,
            batch_size=1 << 20,
        )
        builder.append(0, round(time.time() * 1000), None, b"one", [])
        produce(self._leader, self._topic, 0, bytes(builder.build()))
