from kafka_producer_exporter.broker.sources.samples import LabelTexts, Samples
from kafka_producer_exporter.catalogue import broker as catalogue
from kafka_producer_exporter.model import Labels


def test_samples_are_grouped_by_metric_in_the_order_of_their_first_sample():
    samples = Samples(LabelTexts({"kafka_cluster": "blue"}))

    samples.add(catalogue.STARTED, 1, transactional_id="a")
    samples.add(catalogue.IDS, 2)
    samples.add(catalogue.STARTED, 3, transactional_id="b")

    started, ids = samples.families()
    assert started.metric is catalogue.STARTED
    assert started.samples == [
        (Labels({"kafka_cluster": "blue", "transactional_id": "a"}), 1),
        (Labels({"kafka_cluster": "blue", "transactional_id": "b"}), 3),
    ]
    assert ids.samples == [(Labels({"kafka_cluster": "blue"}), 2)]


def test_a_static_label_never_replaces_a_label_of_the_series():
    texts = LabelTexts({"topic": "static"})

    assert texts.of({"topic": "orders"}) == Labels({"topic": "orders"})


def test_the_text_of_a_series_is_made_once():
    texts = LabelTexts({})

    assert texts.of({"topic": "orders"}) is texts.of({"topic": "orders"})


def test_each_value_of_a_label_gives_a_sample_with_a_text_that_is_made_once():
    samples = Samples(LabelTexts({"kafka_cluster": "blue"}))

    for counts in ({"client": 1, "timeout": 2}, {"client": 3, "timeout": 4}):
        samples.add_each(catalogue.ABORTED, counts, by="reason", transactional_id="a")

    (family,) = samples.families()
    client, timeout = (
        Labels({"kafka_cluster": "blue", "transactional_id": "a", "reason": reason}) for reason in ("client", "timeout")
    )
    assert family.samples == [(client, 1), (timeout, 2), (client, 3), (timeout, 4)]
    assert family.samples[0][0] is family.samples[2][0]
