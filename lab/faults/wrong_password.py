"""A password that the brokers refuse."""

from lab.faults.fault import Fault
from lab.faults.world import LOGIN, PASSWORD, USER
from lab.producer import Producer


class WrongPassword(Fault):
    """A service comes back from a rollout with a password that is not valid."""

    def prepare(self) -> None:
        """Send with the right password."""
        self._topic = self.topic()
        self._pod = self.pod()
        self._producer = self._send_with(PASSWORD)

    def begin(self) -> None:
        """Send with another one."""
        self._producer.close(0)
        self._producer = self._send_with("a-guess")

    def end(self) -> None:
        """Send with the right one again."""
        self._producer.close(0)
        self._producer = self._send_with(PASSWORD)

    def _send_with(self, password: str) -> Producer:
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        producer = self._pod.producer(
            bootstrap=self.world.cluster.address(LOGIN),
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_jaas_config=f'{module} required username="{USER}" password="{password}";',
        )
        producer.loop(self._topic, per_second=5)
        return producer
