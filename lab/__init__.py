"""The real world in a box: brokers, producers, Prometheus and faults for the demo, the tests and the benchmarks.

    with Broker() as broker, ProducerJvm("3.9.2") as jvm:
        broker.create_topic("orders", partitions=3)
        orders = jvm.new("orders", broker.bootstrap, acks="all")
        orders.loop("orders", per_second=100)
        with Prometheus([job("exporter", "127.0.0.1:9797")]) as prometheus:
            prometheus.wait_for("up == 1")

Everything listens on loopback, on ports that the kernel chooses. Downloads are kept in one cache outside the repository
(``python -m lab.fetch``). Every process ends with the block that started it.
"""
