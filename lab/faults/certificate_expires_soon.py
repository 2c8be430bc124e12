"""A broker with a certificate that expires soon."""

from kafka.admin import ConfigResource, ConfigResourceType

from lab.broker import Security
from lab.certificates import Identity, like_server, make_certificates
from lab.faults.fault import Fault
from lab.process import LabError

LISTENER = "SSL"


class CertificateExpiresSoon(Fault):
    """Somebody installs a certificate that is valid for three more days."""

    def prepare(self) -> None:
        """Start a broker whose certificate is valid for a month, and its collector."""
        folder = self.world.folder / self.name
        certificates = make_certificates(folder)
        self._valid = certificates.server
        self._soon = like_server(certificates, folder / "soon", days=3)
        self._single = self.broker(security=Security(certificates=certificates, users={}, access_control=False))
        self.broker_view(bootstrap=self._single.address(LISTENER), tls={"ca_file": str(certificates.ca)})

    def begin(self) -> None:
        """Install the other certificate, while the broker runs."""
        self._install(self._soon)

    def end(self) -> None:
        """Install the one that is valid for longer."""
        self._install(self._valid)

    def _install(self, identity: Identity) -> None:
        setting = f"listener.name.{LISTENER.lower()}.ssl.keystore.location"
        change = {setting: ("SET", str(identity.key_store))}
        broker = ConfigResource(ConfigResourceType.BROKER, str(self._single.node_id), change)
        with self._single.admin() as admin:
            # kafka-python does not know the settings of a listener
            answer = admin.alter_configs([broker], raise_on_unknown=False)["broker"][broker.name]
        if answer != "OK":
            raise LabError(f"the broker refuses the certificate: {answer}")
