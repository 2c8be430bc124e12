"""Makes the item of a check on a configuration."""

from collections.abc import Mapping

from kafka_producer_exporter.audit.configuration import Configuration
from kafka_producer_exporter.audit.findings import Basis, GuideLine, Item, Owner, Verdict
from kafka_producer_exporter.audit.options import holds_secret, line_of
from kafka_producer_exporter.languages import Text


def item(
    c: Configuration,
    option: str,
    why: Text,
    *,
    verdict: Verdict = Verdict.FINDING,
    where: str | None = None,
    value: str | None = None,
    basis: Basis | None = None,
    change: Mapping[str, str] | None = None,
    advice: Text | None = None,
    owner: Owner = Owner.APPLICATION,
    line: GuideLine | None = None,
) -> Item:
    """Return an item about *option*, with the place where it is set.

    *change* has options and the values to set. A secret is never shown.
    """
    setting = c.settings.get(option)
    if value is None and not holds_secret(option):
        value = setting.shown if setting is not None else c.text(option)
    if basis is None:
        known = Basis.SET if setting is not None else Basis.DEFAULT
        basis = Basis.NONE if verdict is Verdict.UNKNOWN else known
    return Item(
        verdict=verdict,
        option=option,
        basis=basis,
        why=why,
        line=line or line_of(option),
        where=where or (setting.where if setting is not None else c.name),
        value=value,
        written=c.key_of(option),
        change={c.key_of(name): wanted for name, wanted in (change or {}).items()},
        advice=advice,
        owner=owner if verdict is Verdict.FINDING else None,
    )
