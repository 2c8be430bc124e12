"""One of the addresses in ``bootstrap.servers`` leads nowhere."""

from lab.faults.fault import Fault
from lab.proxy import Proxy


class BootstrapServerDown(Fault):
    """The way to the brokers that most clients have in their configuration is closed, and the brokers are well."""

    def prepare(self) -> None:
        """Start a cluster of one broker, and its collector, which knows two ways to it."""
        single = self.broker()
        port = int(single.bootstrap.rpartition(":")[2])
        self._way = self._stack.enter_context(Proxy(port))
        self.own_bootstrap = f"127.0.0.1:{self._way.port},{single.bootstrap}"
        self.broker_view(bootstrap=self.own_bootstrap)

    def begin(self) -> None:
        """Close one of the ways."""
        self._way.refuse()

    def end(self) -> None:
        """Open it again."""
        self._way.accept()
