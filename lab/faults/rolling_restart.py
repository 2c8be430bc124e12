"""A restart of everything, one part after the other, as deployments do it."""

from lab.faults.fault import Fault


class RollingRestart(Fault):
    """Each pod of each service, each broker and each exporter is stopped cleanly and started again."""

    def begin(self) -> None:
        """Restart everything."""
        for name, pod in self.world.pods.items():
            pod.exporter.withdraw()
            pod.exporter.stop()
            pod.jvm.kill()
            pod.start()
            self.world.begin_work(name)
            self.sleep(3)
        for broker in self.world.cluster.nodes.values():
            broker.restart()
            self.sleep(8)
        for pod in self.world.pods.values():
            pod.exporter.stop()
            pod.exporter.start()
        self.world.view.stop()
        self.world.view.start()
