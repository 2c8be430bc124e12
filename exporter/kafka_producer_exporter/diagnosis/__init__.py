"""The causes of events that are not published, as rules over two readings of a producer. Pure."""
