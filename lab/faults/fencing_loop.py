"""Two instances with one transactional id that take it from each other, again and again."""

from lab.faults.fault import Fault


class FencingLoop(Fault):
    """An overlapping deployment: each instance starts again when it finds itself fenced, and fences the other."""

    def prepare(self) -> None:
        """Let one instance work."""
        self._topic = self.topic()
        self.pods = [self.pod(index=index) for index in (0, 1)]
        self._work(0)

    def begin(self) -> None:
        """Let the second one work with the same id."""
        self._work(1)

    def end(self) -> None:
        """Delete the second one."""
        self.pods[1].close()

    def _work(self, index: int) -> None:
        producer = self.pods[index].producer(transactional_id=f"{self.name}-0", own_times=True)
        producer.init()
        producer.loop(self._topic, per_second=5, records=3, revive=True)
