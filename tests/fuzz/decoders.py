"""Every decoder that is fuzzed, by name. Each is run with one damaged input at a time: see ``run``."""

from tests.fuzz import broker_responses, configurations, http_requests, jmx_replies, transaction_log
from tests.fuzz.run import Decoder, decoder_name

DECODERS: dict[str, Decoder] = {
    decoder_name(decoder): decoder
    for module in (jmx_replies, http_requests, transaction_log, broker_responses, configurations)
    for decoder in module.DECODERS
}
