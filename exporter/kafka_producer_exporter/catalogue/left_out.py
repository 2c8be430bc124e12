"""MBeans that are not served because the exporter cannot read them: how many, why, and what to do."""

from collections.abc import Mapping

from kafka_producer_exporter.jmx.readings import LeftOut
from kafka_producer_exporter.jmx.replies import MAX_NAME_BYTES, MAX_NAMES

_WHY = {
    LeftOut.TOO_MANY: (
        f"the JVM has more than {MAX_NAMES:,}; give producers fewer topics, or close producers that are not needed"
    ),
    LeftOut.NAME: (
        f"their names are longer than {MAX_NAME_BYTES:,} bytes or not valid; give each producer a shorter client.id"
    ),
    LeftOut.UNREADABLE: "the JVM cannot send their values (the log of kafka-producer-exporter serve says why)",
}


def explain_left_out(counts: Mapping[LeftOut, int]) -> str:
    """Return how many MBeans are left out, why, and what to do, for a person; nothing if there are none."""
    return "; ".join(
        f"{number:,} MBean{'s' * (number != 1)} left out because {_WHY[reason]}"
        for reason, number in sorted(counts.items())
    )
