"""Topics for the tests that share a broker."""

import uuid


def new_topic(broker, **options):
    """Create a topic with a name of its own and return the name: ``new_topic(broker, partitions=3)``."""
    name = f"topic-{uuid.uuid4().hex[:8]}"
    broker.create_topic(name, **options)
    return name
