import pytest

from lab.alertmanager import Notification, Webhook, seconds, to_webhook

CONFIG = {
    "global": {"smtp_from": "x"},
    "route": {
        "receiver": "tickets",
        "group_wait": "1m",
        "routes": [
            {
                "receiver": "pages",
                "matchers": ['severity="critical"'],
                "repeat_interval": "4h",
                "mute_time_intervals": ["night"],
            }
        ],
    },
    "time_intervals": [
        {"name": "night", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "06:00"}]}]}
    ],
    "receivers": [{"name": "tickets", "email_configs": [{"to": "a@example.org"}]}, {"name": "pages"}],
    "inhibit_rules": [
        {"source_matchers": ['window="1h"'], "target_matchers": ['window=~"6h|1d"', 'x="1h"'], "equal": ["namespace"]}
    ],
}


def test_every_receiver_becomes_the_webhook_and_times_are_divided_in_each_route():
    with Webhook() as hook:
        made = to_webhook(CONFIG, hook, scale=20)
        urls = {one["name"]: one["webhook_configs"][0]["url"].rpartition("/")[2] for one in made["receivers"]}

    assert urls == {"tickets": "tickets", "pages": "pages"}
    assert made["route"]["group_wait"] == "3000ms"
    assert made["route"]["routes"][0] == {
        "receiver": "pages",
        "matchers": ['severity="critical"'],
        "repeat_interval": "720000ms",
    }
    assert made["inhibit_rules"] == [
        {"source_matchers": ['window="3m"'], "target_matchers": ['window=~"18m|72m"', 'x="1h"'], "equal": ["namespace"]}
    ]
    assert "global" not in made


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("1h30m", 5400), ("250ms", 0.25), ("1d", 86_400)])
def test_durations(text, expected):
    assert seconds(text) == expected


def test_the_first_notification_with_an_alert_in_a_status_is_found():
    def notification(at, status):
        return Notification(at, "all", status, [{"status": status, "labels": {"alertname": "A"}}])

    hook = Webhook()
    hook.notifications += [notification(1.0, "firing"), notification(2.0, "resolved"), notification(3.0, "firing")]

    assert hook.of("A", "firing").at == 1.0
    assert hook.of("A", "firing", since=1.5).at == 3.0
    assert hook.of("B", "firing") is None
