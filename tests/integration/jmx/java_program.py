"""JVMs that run a program of a test, for what no producer does: odd MBeans, odd registries."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab import jvm
from lab.process import Port, Process, run


@contextlib.contextmanager
def java_program(source: str, folder: Path, *words: str, options: Sequence[str] = ()) -> Iterator[Process]:
    """Compile a class in *folder* and run it with the arguments *words* and the JVM's *options*. Its pipes are open."""
    name = re.search(r"public class (\w+)", source)[1]
    file = folder / f"{name}.java"
    file.write_text(source)
    run([jvm.java("javac"), "-d", folder, file], what=f"compile {file.name}")
    command = [jvm.java(), *jvm.SMALL, *options, "-cp", folder, name, *words]
    with Process(f"the Java program {name}", command, log_file=folder / "log", pipes=True) as process:
        yield process


@contextlib.contextmanager
def with_agent(source: str, folder: Path, *words: str, options: Sequence[str] = ()) -> Iterator[tuple[Process, int]]:
    """Run a program whose JVM has a JMX agent on one port, open to all of loopback. Yield the process and the port."""
    port = Port()
    settings = {
        "port": port.number,
        "rmi.port": port.number,
        "host": "127.0.0.1",
        "authenticate": "false",
        "ssl": "false",
    }
    flags = [f"-Dcom.sun.management.jmxremote.{key}={value}" for key, value in settings.items()]
    with contextlib.closing(port), java_program(source, folder, *words, options=[*flags, *options]) as process:
        yield process, port.number
