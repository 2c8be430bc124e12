from kafka_producer_exporter.targets.mbean_costs import mbean_bytes


def test_long_labels_and_many_attributes_cost_more():
    assert mbean_bytes(5, 100) < mbean_bytes(5, 300) < mbean_bytes(50, 300)
