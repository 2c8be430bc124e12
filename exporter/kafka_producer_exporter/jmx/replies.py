"""What the replies of a JMX agent mean: attribute values, names of MBeans, and the attributes that an MBean lists.

Pure: decoders in, values out. Every part of a reply is checked, because it may come from anything.
"""

from kafka_producer_exporter.jmx.javastream import BoxedNumber, Decoder, Instance, JavaStreamError

_MAX_NAME_LENGTH = 0xFFFF // 3
"""A request gives the length of a name in two bytes, and a character may take three."""

# The declared types whose values can be a number or a string. Attributes of other types are not requested: each costs
# the JVM work, and some cannot be read at all.
_READABLE_TYPES = frozenset(
    {"boolean", "byte", "double", "float", "int", "long", "short"}
    | {f"java.lang.{name}" for name in ("Boolean", "Byte", "Double", "Float", "Integer", "Long", "Number", "Short")}
    | {"java.lang.Object", "java.lang.String"}
)


def decode_attribute_list(decoder: Decoder) -> tuple[tuple[str, ...], list[BoxedNumber | str | None]]:
    """Decode the javax.management.AttributeList of getAttributes. Return the names and their values.

    A value that is neither a number nor a string is None.
    """
    names: list[str] = []
    values: list[BoxedNumber | str | None] = []
    for attribute in _instance(decoder.value(), "javax.management.AttributeList").annotations:
        if isinstance(attribute, bytes):
            continue  # the capacity of the list
        fields = _instance(attribute, "javax.management.Attribute").fields
        names.append(_text(fields.get("name")))
        value = fields.get("value")
        values.append(value if isinstance(value, (BoxedNumber, str)) else None)
    return tuple(names), values


def decode_names(decoder: Decoder) -> tuple[str, ...]:
    """Decode the java.util.Set of javax.management.ObjectName of queryNames. Return the names as texts."""
    annotations = _instance(decoder.value(), "java.util.HashSet").annotations
    names = tuple(
        _text(next(iter(_instance(name, "javax.management.ObjectName").annotations), None))
        for name in annotations
        if not isinstance(name, bytes)
    )
    if any(len(name) > _MAX_NAME_LENGTH for name in names):
        raise JavaStreamError("a name that is too long for a request")
    return names


def decode_texts(decoder: Decoder) -> tuple[str, ...]:
    """Decode an array of strings."""
    value = decoder.value()
    if not isinstance(value, list):
        raise JavaStreamError("an array was expected")
    return tuple(_text(item) for item in value)


def decode_listed_attributes(decoder: Decoder) -> tuple[str, ...]:
    """Decode the javax.management.MBeanInfo of getMBeanInfo.

    Return the attributes that are readable, can be requested, and have a type that allows a number or a string.
    """
    value = decoder.value()
    attributes = value.fields.get("attributes") if isinstance(value, Instance) else None
    if not isinstance(attributes, list):
        raise JavaStreamError("an MBeanInfo was expected")
    listed = []
    for attribute in attributes:
        fields = attribute.fields if isinstance(attribute, Instance) else {}
        name, declared = _text(fields.get("name")), _text(fields.get("attributeType"))
        if fields.get("isRead") is True and declared in _READABLE_TYPES and len(name) <= _MAX_NAME_LENGTH:
            listed.append(name)
    return tuple(listed)


def _instance(value: object, class_name: str) -> Instance:
    if not isinstance(value, Instance) or value.class_name != class_name:
        raise JavaStreamError(f"a {class_name} was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise JavaStreamError("a text was expected")
    return value
