"""How much the clients of the HTTP server may use, in number, size and time."""

import resource
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one HTTP server."""

    max_connections: int = 64
    """Per listener, so a flood of page requests cannot displace a scrape.

    More than *max_threads*: a connection whose response a thread makes is never dropped.
    """
    max_threads: int = 16
    """Per listener: threads that make responses. A request that would need one more gets a 503."""
    max_threads_per_client: int = 8
    """Per listener and address of a client, so that one client cannot have all threads."""
    max_long_waits: int = 8
    """Per listener: threads for requests that ask for an unusually long time. The others stay free for usual ones."""
    max_unsent_bytes: int = 16 * 1024 * 1024
    """The responses that clients have not yet taken whole, and the kernel's buffers for them. A response that several
    clients share counts once. With more, a client that takes nothing is dropped, and if there is none, a new response
    is refused with a 503."""
    send_buffer_bytes: int = 256 * 1024
    """The kernel's buffer per connection. Unset, it grows to megabytes, which count as the container's memory."""
    request_seconds: float = 5.0
    """For a client to send a request, from the first byte to the last, and to send the first byte after connecting."""
    write_seconds: float = 10.0
    """For a client to take a response."""
    stall_seconds: float = 1.0
    """A client that has taken nothing of its response for this long may be dropped for another connection."""
    # Longer than the usual scrape intervals and no multiple of them, so that a connection
    # is not closed at the very moment when the next scrape is sent on it.
    idle_seconds: float = 130.0
    """Between two requests on a connection."""
    linger_seconds: float = 1.0
    """For a client to close its side after the last response."""
    accept_pause_seconds: float = 0.1
    """Between two attempts to accept a connection while the process has no descriptors left."""


DEFAULT_BOUNDS = Bounds()

MIN_SEND_BUFFER_BYTES = 32 * 1024


def bounds_within(max_descriptors: int | None = None, *, pages_bytes: int = DEFAULT_BOUNDS.max_unsent_bytes) -> Bounds:
    """Return the default bounds, made smaller so that two listeners use at most half of *max_descriptors*.

    The other half is for targets and brokers. The default is the limit of this process. Responses that are being sent
    take at most *pages_bytes* of memory.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if max_descriptors is None else max_descriptors
    default = replace(
        DEFAULT_BOUNDS,
        max_unsent_bytes=min(DEFAULT_BOUNDS.max_unsent_bytes, pages_bytes),
        send_buffer_bytes=min(DEFAULT_BOUNDS.send_buffer_bytes, max(MIN_SEND_BUFFER_BYTES, pages_bytes // 64)),
    )
    if limit == resource.RLIM_INFINITY or limit >= 4 * default.max_connections:
        return default
    connections = max(4, limit // 4)
    threads = min(default.max_threads, connections // 2)
    return replace(
        default,
        max_connections=connections,
        max_threads=threads,
        max_threads_per_client=threads // 2,
        max_long_waits=threads // 2,
    )
