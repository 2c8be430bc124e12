"""One file a verb; each imports what it needs, so that the others stay small."""
