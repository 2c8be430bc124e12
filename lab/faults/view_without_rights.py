"""A collector without the right to read the transaction log."""

from lab.broker import Security
from lab.certificates import make_certificates
from lab.faults.fault import Fault
from lab.faults.world import Exporter

USER, PASSWORD = "exporter", "exporter-secret"


class ViewWithoutRights(Fault):
    """It asks the coordinators instead, and its counts are lower bounds."""

    def prepare(self) -> None:
        """Run a cluster that knows users, and a collector that may do everything."""
        certificates = make_certificates(self.world.folder / self.name)
        security = Security(certificates=certificates, users={"admin": PASSWORD, USER: PASSWORD}, super_users=["admin"])
        self._single = self.broker(security=security)
        producer = self.pod(cluster=self.name).producer(
            bootstrap=self._single.bootstrap, own_times=True, transactional_id=f"{self.name}-0"
        )
        self._single.create_topic(self.name)
        producer.init()
        producer.loop(self.name, per_second=1, records=1)
        self._view = self._collector("admin")

    def begin(self) -> None:
        """Let it log in as a user who may describe, and not read."""
        self._view.close()
        self._view = self._collector(USER)

    def end(self) -> None:
        """Let it do everything again."""
        self._view.close()
        self._view = self._collector("admin")

    def _collector(self, user: str) -> Exporter:
        secret = self.world.folder / f"{self.name}.password"
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD)
        login = {"mechanism": "PLAIN", "username": user, "password_file": str(secret)}
        return self.broker_view(bootstrap=self._single.address("SASL_PLAINTEXT"), sasl=login)
