"""An application to serve, and requests without a socket."""

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.model import Family, Kind, Labels, Metric, Scrape
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason
from kafka_producer_exporter.server.application import Collected, ProbeRefusedError, TargetStatus
from kafka_producer_exporter.server.last_diagnosis import LastDiagnosis
from kafka_producer_exporter.server.messages import Request, Response
from kafka_producer_exporter.server.status_page import status_page

UP = Metric(name="kafka_producer_up", kind=Kind.GAUGE, help="1 if the target answered.", section="test")


def up_page(series):
    return [Family(UP, [(Labels({"target": f"t{number}"}), 1.0) for number in range(series)])]


def checkout(*, started=990.0):
    scrape = Scrape("checkout", up_page(1234), None, "", clients=2, started=started, duration_seconds=0.0123)
    return TargetStatus("checkout", Address("checkout", 9999), scrape)


def orders(
    *, detail="nothing listens on orders:9999; start the JVM with -Dcom.sun.management.jmxremote.port=9999 and more"
):
    scrape = Scrape("orders", up_page(3), Reason.REFUSED, detail, clients=0, started=995.0, duration_seconds=1.5)
    return TargetStatus("orders", Address("orders", 9999), scrape)


def family(metric, *samples):
    return Family(metric, [(Labels(labels), value) for labels, value in samples])


def status_text(*statuses, brokers=None, config_error=None, now=1000.0, language="en", diagnosed=None, **options):
    """Return the status page as of the instant 1000."""
    page = status_page(
        statuses,
        brokers=brokers,
        config_error=config_error,
        diagnosed=diagnosed or LastDiagnosis(),
        language=language,
        now=now,
        instant=1000.0,
        **options,
    )
    return page.decode()


UNREAD = TargetStatus("new", Address("::1", 1), None)
BAD = ConfigError("exporter.yml", [Problem("targets[0].jmx.port", "99999 is not a port; use 1 to 65535")])


class Program:
    """An application with the targets checkout and orders."""

    def __init__(self, *, series=1, broken=None):
        self.series = series
        self.broken = broken
        self.asked = {}

    def collect(self, *, deadline):
        self.asked = {"deadline": deadline}
        return Collected(object(), lambda: up_page(self.series))

    def probe(self, target, *, deadline):
        if target != "checkout":
            raise ProbeRefusedError(f"{target} is not a configured target")
        return Collected(object(), lambda: [Family(UP, [(Labels({"target": target}), 1.0)])])

    def statuses(self, *, max_age_seconds, deadline):
        self.asked = {"max_age_seconds": max_age_seconds, "deadline": deadline}
        return [checkout(), orders(), UNREAD]

    def reload(self):
        if self.broken:
            raise self.broken

    def broker_families(self):
        return None

    def config_error(self):
        return self.broken and str(self.broken)


def ask(handler, target, *, method="GET", from_loopback=False, **headers):
    path, _, query = target.partition("?")
    request = Request(
        method=method,
        path=path,
        query=query,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        keep_alive=True,
        received=100.0,
        from_loopback=from_loopback,
    )
    answer = handler(request)
    return answer if isinstance(answer, Response) else answer()
