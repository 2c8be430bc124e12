"""What every fault is: something that is prepared, begins, and is repaired, with names of its own in the world."""

import contextlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

from lab.broker import Broker
from lab.faults.world import Exporter, Line, Pod, World, repeat
from lab.process import Service

S = TypeVar("S", bound=Service)


class Fault:
    """A fault. Whatever it creates in the world is named after it, so that its alerts can be told from others'.

    ``self.name`` is the name, such as ``broker-frozen``: the target of its service, the first part of its topics and of
    its transactional ids, and the value of ``kafka_cluster`` of a cluster of its own.
    """

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.own_pods: list[Pod] = []
        """The pods that it has started, in this order."""
        self.own_bootstrap: str | None = None
        """``bootstrap.servers`` of a cluster of its own, if it has one."""
        self._stack = contextlib.ExitStack()

    def prepare(self) -> None:
        """Create what the fault will hurt, in good health; it is watched for a while before the fault begins."""

    def begin(self) -> None:
        """Break it. May take its time, but an alert's seconds are counted from the call."""

    def end(self) -> None:
        """Repair it, as an operator would."""

    def close(self) -> None:
        """Remove everything that the fault created."""
        self._stack.close()

    # Help for faults

    def keep(self, service: S) -> S:
        """Start a part of the lab; it is taken down with the fault."""
        self._stack.enter_context(service)
        return service

    def pod(self, *, index: int = 0, **options: Any) -> Pod:
        """Start a pod of the fault's own service, which Prometheus has scraped; *options* are those of ``Pod``."""
        pod = self.keep(Pod(self.world, self.name, index=index, **options))
        self.own_pods.append(pod)
        self.world.wait_scraped(pod.exporter)
        return pod

    def topic(self, suffix: str = "", **config: Any) -> str:
        """Create a topic of the fault, such as ``NAME.dlq`` for the suffix ``.dlq``, and return its name.

        It can bear the loss of a broker, unless ``replication`` and ``min_insync_replicas`` say otherwise. It is
        deleted with the fault, because a topic that can bear nothing is a finding of its own.
        """
        self.world.create_topic(self.name + suffix, **config)
        self._stack.callback(self.world.delete_topic, self.name + suffix)
        return self.name + suffix

    def line(self) -> Line:
        """Return a line to the brokers that can be disturbed; ``self.world.way(line)`` is its bootstrap address."""
        return self._stack.enter_context(self.world.line())

    def broker(self, **options: Any) -> Broker:
        """Start a cluster of one broker for this fault alone."""
        broker = Broker(**options)
        self._stack.callback(broker.close)
        broker.launch()
        broker.wait_ready(timeout_seconds=180)  # other faults begin at the same time
        self.own_bootstrap = broker.bootstrap
        return broker

    def broker_view(self, **options: Any) -> Exporter:
        """Start a collector of its own, with the label ``kafka_cluster`` of the fault's name."""
        view = self.keep(self.world.broker_view(f"{self.name}-view-0", cluster=self.name, **options))
        self.world.wait_scraped(view)
        return view

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def repeat(self, seconds: float, action: Callable[[], object]) -> Callable[[], None]:
        """Do something in the background every *seconds*, until the returned function is called or the fault ends."""
        end = repeat(seconds, action)
        self._stack.callback(end)
        return end
