"""The hostile JMX servers and HTTP clients, in a process of their own so that they do not slow the honest scraper.

``python -m tests.torture.peers SEED REGEX METRICS_PORT PAGES_PORT MODE=PORT …`` prints a line of JSON with the attempts
so far every half second, and ends when its standard input does.
"""

import contextlib
import json
import sys
import threading

from tests.torture.hostile_http import HostileClients, Victim
from tests.torture.hostile_jmx import HostileJvm


def main(seed: int, only: str, metrics_port: int, pages_port: int, modes: dict[str, int]) -> None:
    """Run until standard input ends."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    clients = HostileClients(Victim(("127.0.0.1", metrics_port), ("127.0.0.1", pages_port)), seed=seed, only=only)
    with contextlib.ExitStack() as running:
        jvms = [running.enter_context(HostileJvm(mode, seed=seed, port=port)) for mode, port in modes.items()]
        clients.start()
        while not ended.wait(0.5):
            print(json.dumps({jvm.mode: jvm.accepted for jvm in jvms} | clients.attempts), flush=True)
        clients.stop()


if __name__ == "__main__":
    main(
        int(sys.argv[1]),
        sys.argv[2],
        *(int(word) for word in sys.argv[3:5]),
        {mode: int(port) for mode, _, port in (word.partition("=") for word in sys.argv[5:])},
    )
