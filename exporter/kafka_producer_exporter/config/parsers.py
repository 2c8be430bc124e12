"""Parsers of configured text. Each returns the value, or raises ValueError with what is wrong and what to write."""

import ipaddress
import re
import warnings
from urllib.parse import urlsplit

from kafka_producer_exporter.net.address import is_loopback


def parse_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Parse a network in CIDR notation. Host bits are an error: they leave open which network is meant."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        wide = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is not a network; write it like 10.0.0.0/8 or fd00::/8") from None
    raise ValueError(f"{text} is an address within a network; write {wide} for the network")


def parse_pattern(text: str) -> re.Pattern[str]:
    """Compile a regular expression."""
    try:
        with warnings.catch_warnings():
            # Python warns of syntax that it may read differently one day, on standard error and not in our log.
            warnings.simplefilter("ignore")
            return re.compile(text)
    except re.error as error:
        raise ValueError(f"this is not a regular expression: {error.msg}; correct it") from None
    except (OverflowError, RecursionError):  # a count of repetitions, or nesting, beyond what Python supports
        raise ValueError("this regular expression is too large; simplify it") from None


def parse_token_url(text: str) -> str:
    """Check the URL of a token endpoint. The error does not quote the text, which may hold a secret."""
    try:
        url = urlsplit(text)
        complete = bool(url.hostname) and url.port != 0
    except ValueError:
        raise ValueError("this is not a URL; write https://HOST/PATH") from None
    if url.scheme != "https" and (url.scheme != "http" or not is_loopback(url.hostname or "")):
        raise ValueError("the client secret must be sent encrypted; write https:// (or http:// for a loopback address)")
    if not complete or url.fragment or not text.isascii():
        raise ValueError("this is not a URL; write https://HOST/PATH")
    if url.username is not None:
        raise ValueError("a URL must not hold credentials; use client_id and client_secret_file")
    return text
