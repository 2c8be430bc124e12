"""Text from elsewhere, made safe for one line of a message or a terminal."""


def printable(text: str, *, limit: int | None = 200) -> str:
    """Return *text* as one line without control characters, cut off after *limit* characters.

    White space becomes a blank; anything else that could steer a terminal or reorder the line becomes ``?``.
    """
    kept = text if limit is None else text[:limit]
    line = "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in kept)
    return f"{line}…" if len(kept) < len(text) else line
