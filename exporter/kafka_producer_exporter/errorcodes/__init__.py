"""Kafka's error codes and exceptions: what each means for a producer, and what to do about it, in English and Korean.

Pure: the table, and a reader of application logs that is fed line by line.
"""
