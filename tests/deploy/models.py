"""A request against botocore's model of a service: names, types, and, beyond ParamValidator, enumerations, patterns, lengths, ranges."""
import re

import botocore.session
from botocore.validate import ParamValidator

session = botocore.session.Session()


def problems(service, operation, request):
    """Sentences; none when the request is one that the service's model allows."""
    model = session.get_service_model(service).operation_model(operation)
    report = ParamValidator().validate(request, model.input_shape)
    found = [report.generate_report()] if report.has_errors() else []
    walk(model.input_shape, request, operation, found)
    return found


def walk(shape, value, place, found):
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, inner in value.items():
            if name in shape.members:
                walk(shape.members[name], inner, f"{place}.{name}", found)
    elif shape.type_name == "list" and isinstance(value, list):
        check_size(shape, len(value), place, found)
        for i, inner in enumerate(value):
            walk(shape.member, inner, f"{place}[{i}]", found)
    elif shape.type_name == "map" and isinstance(value, dict):
        check_size(shape, len(value), place, found)
        for name, inner in value.items():
            walk(shape.key, name, f"{place}.{name}", found)
            walk(shape.value, inner, f"{place}.{name}", found)
    elif isinstance(value, str):
        check_text(shape, value, place, found)
    elif isinstance(value, (int, float)):
        check_size(shape, value, place, found)


def check_text(shape, text, place, found):
    check_size(shape, len(text), place, found)
    if getattr(shape, "enum", None) and text not in shape.enum:  # text where it does not belong has been reported
        found.append(f"{place}: {text!r} is not one of {shape.enum}")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.search(python_pattern(pattern), text):
        found.append(f"{place}: {text!r} does not match {pattern}")


def python_pattern(pattern):
    """The models write Java's patterns; all of the text must match."""
    for name, letters in {"\\p{L}": "\\w", "\\p{Z}": "\\s", "\\p{N}": "\\d"}.items():
        pattern = pattern.replace(name, letters)
    return "^(?:" + pattern + ")$"


def check_size(shape, size, place, found):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and not size >= least:
        found.append(f"{place}: {size} is less than {least}")
    if most is not None and not size <= most:
        found.append(f"{place}: {size} is more than {most}")
