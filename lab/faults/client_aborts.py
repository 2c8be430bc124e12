"""An application that aborts half of its transactions."""

from lab.faults.fault import Fault


class ClientAborts(Fault):
    """The application meets an error in every other transaction, and aborts it."""

    def prepare(self) -> None:
        """Commit every transaction."""
        self._topic = self.topic()
        self._producer = self.pod().producer(transactional_id=f"{self.name}-0", own_times=True)
        self._producer.init()
        self._end_loop = self.repeat(0.2, self._commit)

    def begin(self) -> None:
        """Abort every other one."""
        self._end_loop()
        self._end_loop = self.repeat(0.2, self._commit_and_abort)

    def end(self) -> None:
        """Commit every transaction again."""
        self._end_loop()
        self._end_loop = self.repeat(0.2, self._commit)

    # A loop in the JVM could be interrupted in the middle of a commit when it is replaced, and then it ends.

    def _commit(self) -> None:
        self._begin()
        self._producer.commit()

    def _commit_and_abort(self) -> None:
        self._commit()
        self._begin()
        self._producer.abort()

    def _begin(self) -> None:
        self._producer.begin()
        self._producer.send(self._topic)
