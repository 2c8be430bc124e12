"""A collector without the right to read the transaction log."""

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from lab.broker import Security
from lab.certificates import make_certificates
from lab.faults.fault import Fault
from lab.faults.world import Exporter

ADMIN, USER, PASSWORD = "admin", "exporter", "exporter-secret"
LOG = "__transaction_state"


class ViewWithoutRights(Fault):
    """It asks the coordinators instead, and its counts are lower bounds."""

    def prepare(self) -> None:
        """Run a broker that knows users, and a collector that may do everything."""
        security = Security(
            certificates=make_certificates(self.world.folder / self.name),
            users={ADMIN: PASSWORD, USER: PASSWORD},
            super_users=[ADMIN],
        )
        self._single = self.broker(security=security)
        self._single.create_topic(self.name)
        producer = self.pod(cluster=self.name).producer(
            bootstrap=self._single.bootstrap, own_times=True, transactional_id=f"{self.name}-0"
        )
        producer.init()
        producer.loop(self.name, per_second=1, records=1)
        self._view = self._collector(ADMIN)

    def begin(self) -> None:
        """Let it log in as a user with all rights of docs/broker-view.md but that to read the log."""
        self._grant(ResourceType.TRANSACTIONAL_ID, "*", ACLOperation.DESCRIBE)
        self._grant(ResourceType.TOPIC, self.name, ACLOperation.READ)
        self._grant(ResourceType.TOPIC, self.name, ACLOperation.DESCRIBE_CONFIGS)
        self._grant(ResourceType.TOPIC, LOG, ACLOperation.DESCRIBE_CONFIGS)
        self._grant(ResourceType.CLUSTER, "kafka-cluster", ACLOperation.DESCRIBE_CONFIGS)
        self._view.close()
        self._view = self._collector(USER)

    def end(self) -> None:
        """Let it do everything again."""
        self._view.close()
        self._view = self._collector(ADMIN)

    def _grant(self, kind: ResourceType, name: str, operation: ACLOperation) -> None:
        right = ACL(
            principal=f"User:{USER}",
            host="*",
            operation=operation,
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(kind, name, ACLResourcePatternType.LITERAL),
        )
        with self._single.admin() as admin:
            admin.create_acls([right])

    def _collector(self, user: str) -> Exporter:
        secret = self.world.folder / f"{self.name}.password"
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD)
        login = {"mechanism": "PLAIN", "username": user, "password_file": str(secret)}
        return self.broker_view(bootstrap=self._single.address("SASL_PLAINTEXT"), sasl=login)
