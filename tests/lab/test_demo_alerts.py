from lab.alertmanager import Notification
from lab.demo_alerts import Change, History


def alert(name, state="firing", **labels):
    return {"labels": {"alertname": name, **labels}, "state": state, "status": state}


def test_each_change_of_an_alert_is_kept_with_what_it_is_about():
    history = History()
    stalled = {"target": "billing", "client_id": "a"}
    history.look([alert("Stalled", "pending", **stalled), alert("KafkaProducerWatchdog")], "10:00:00")
    history.look([alert("Stalled", "pending", **stalled)], "10:00:01")
    history.look([alert("Stalled", **stalled), alert("Growth", "pending", topic="orders.dlq")], "10:00:02")
    history.look([], "10:00:03")

    assert history.changes[:3] == [
        Change("10:00:00", "Stalled", "billing", "pending"),
        Change("10:00:02", "Stalled", "billing", "firing"),
        Change("10:00:02", "Growth", "orders.dlq", "pending"),
    ]
    assert set(history.changes[3:]) == {
        Change("10:00:03", "Stalled", "billing", "resolved"),
        Change("10:00:03", "Growth", "orders.dlq", "inactive"),
    }
    assert history.states("Stalled", "billing") == ["pending", "firing", "resolved"]
    assert history.states("Stalled", "billing", start=1) == ["firing", "resolved"]


def test_an_alert_fires_if_one_of_its_windows_or_clients_does():
    history = History()
    history.look(
        [alert("Burn", target="a", window="1h"), alert("Burn", "pending", target="a", window="6h")], "10:00:00"
    )

    assert history.active() == {("Burn", "a"): "firing"}


def test_what_a_receiver_is_told_again_is_no_change():
    history = History()
    for at, status in enumerate(("firing", "firing", "resolved")):
        notified = [alert("Stalled", status, target="billing"), alert("KafkaProducerWatchdog")]
        history.hear(Notification(float(at), "page", status, notified), f"10:00:0{at}")

    assert [str(change).split() for change in history.changes] == [
        ["10:00:00", "Stalled", "(billing)", "firing", "Alertmanager", "notifies", "page"],
        ["10:00:02", "Stalled", "(billing)", "resolved", "Alertmanager", "notifies", "page"],
    ]
    assert history.states("Stalled", "billing", told=True) == ["firing", "resolved"]
    assert history.states("Stalled", "billing") == []
