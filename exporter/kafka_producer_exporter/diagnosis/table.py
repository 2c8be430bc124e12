"""THE TABLE of causes. Of equally certain ones, the first explains the others rather than the other way round."""

from kafka_producer_exporter.diagnosis.causes import client, connections, delivery, transactions

CAUSES = (
    *connections.CAUSES,
    *transactions.CAUSES,
    *delivery.CAUSES,
    *client.CAUSES,
    *transactions.LATE_CAUSES,
    *delivery.LATE_CAUSES,
    *client.LATE_CAUSES,
    *connections.LATE_CAUSES,
)
PAIRS = (*connections.PAIRS, *transactions.PAIRS, *delivery.PAIRS)
