"""A configuration with a mistake."""

from lab.faults.fault import Fault


class ConfigInvalid(Fault):
    """An exporter is reloaded with it, and goes on with the last valid one."""

    def prepare(self) -> None:
        """Run a pod."""
        self._exporter = self.pod().exporter

    def begin(self) -> None:
        """Load a configuration with a key that does not exist."""
        self._exporter.reload({**self._exporter.config, "tragets": []})

    def end(self) -> None:
        """Load the right one."""
        self._exporter.reload(self._exporter.config)
