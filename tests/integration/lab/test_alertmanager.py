import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from lab.alertmanager import Alertmanager, Webhook, alertmanager_binary, to_webhook
from lab.process import wait_until

pytestmark = pytest.mark.usefixtures("prometheus_programs", "alertmanager_program")

CONFIG = {
    "route": {"receiver": "tickets", "group_wait": "10s", "group_interval": "10s", "repeat_interval": "4h"},
    "receivers": [{"name": "tickets", "pagerduty_configs": [{"routing_key": "x"}]}],
}


def test_an_alert_of_prometheus_reaches_the_receiver_and_a_silence_mutes_it(prometheus, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(
        yaml.safe_dump({"groups": [{"name": "test", "rules": [{"alert": "Always", "expr": "vector(1)"}]}]})
    )
    with Webhook() as hook, Alertmanager(to_webhook(CONFIG, hook, scale=20)) as alertmanager:
        server = prometheus(
            [], alertmanagers=[alertmanager.address], rule_files=[rules], flags=["--rules.alert.resend-delay=1s"]
        )
        wait_until("the receiver is told", lambda: hook.of("Always", "firing"))
        alertmanager.amtool("silence", "add", "alertname=Always", "--comment=planned", "--duration=1h")
        states = {alert["status"]["state"] for alert in alertmanager.alerts()}

    assert hook.of("Always", "firing").receiver == "tickets"
    assert [(alert["labels"], alert["state"]) for alert in server.alerts()] == [({"alertname": "Always"}, "firing")]
    assert [(rule["name"], rule["health"]) for rule in server.rules()] == [("Always", "ok")]
    assert states == {"suppressed"}


def test_the_alertmanager_needs_no_root():
    program, home = alertmanager_binary()
    with tempfile.TemporaryDirectory(prefix="lab-alertmanager-") as name:
        place = Path(name)
        place.chmod(0o777)
        copy = shutil.copy(program, place / "alertmanager")
        if home is not None:
            shutil.copytree(home / "usr" / "share" / "prometheus", place / "usr" / "share" / "prometheus")
        (place / "alertmanager.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        ordinary = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        options = ["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]
        command = [*ordinary, "timeout", "5", copy, *options, "--web.listen-address=127.0.0.1:0"]

        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)

    ended_by_timeout = 124
    assert (done.returncode, "failed" in done.stderr) == (ended_by_timeout, False), done.stderr
