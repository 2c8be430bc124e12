"""A collector that reaches no broker any more."""

from lab.faults.fault import Fault


class ViewWithoutBrokers(Fault):
    """Its connections are refused, as after a change of a network policy; producers are not touched."""

    def prepare(self) -> None:
        """Start a collector with a line of its own."""
        self._line = self.line()
        self.broker_view(bootstrap=self.world.way(self._line))

    def begin(self) -> None:
        """Refuse its connections."""
        self._line.refuse()

    def end(self) -> None:
        """Accept them again."""
        self._line.accept()
