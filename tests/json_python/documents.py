"""The side of Google's protobuf library in the comparison of JSON readers and writers:

    documents.py SEED SET COUNT [SET COUNT]...

Makes COUNT random messages of every type in each descriptor set SET, and documents that are
to be taken or refused.
"""

import base64
import json
import sys

from google.protobuf import json_format

from messages import SPECIAL_FORMS, Maker, canonical, exchange, is_map

# ---------------------------------------------------------------- documents

S, O, L, M, C, K, N, W = ("wide." + name for name in "Scalars Optionals Lists Maps Choices Node Names WellKnown".split())

TAKEN = [
    (S, '{"f_int32": 1e3, "fInt64": 1.0, "f_uint64": "18446744073709551615", "f_sint64": "-9223372036854775808"}'),
    (S, '{"f_int32": -0, "f_uint32": 12.50e1, "f_fixed32": "7", "f_int64": 9007199254740993}'),
    (S, '{"f_double": "1.5", "f_float": 3.4028234e38, "f_int32": null}'),
    (S, '{"f_double": "-Infinity", "f_float": "NaN"}'),
    (S, '{"f_double": 1e-400, "f_float": 1e-50}'),
    (S, '{"f_double": 0.30000000000000004, "f_float": 16777217}'),
    (S, '{"f_level": "HIGHEST"}'),
    (S, '{"f_level": 2}'),
    (S, '{"f_level": "-1"}'),
    (S, '{"f_level": 12345}'),
    (S, '{"f_bytes": "-_8"}'),
    (S, '{"f_bytes": "+/8="}'),
    (S, '{"f_bytes": "+/\\n8=\\n"}'),
    (S, '{"f_string": "\\ud83e\\udd80\\u0000\\/"}'),
    (S, ' \n{ } \n'),
    (O, '{"f_bool": false, "f_string": "", "f_message": {}, "f_bytes": null}'),
    (L, '{"f_int32": [], "f_string": null, "f_message": [{}], "f_double": [0, "NaN"]}'),
    (M, '{"by_bool": {"true": null, "false": [1]}, "by_int32": {"-1": 0.5}, "by_uint64": {"18446744073709551615": "1"}}'),
    (C, '{"f_null": null}'),
    (C, '{"f_value": null}'),
    (C, '{"f_string": null, "f_int32": 0}'),
    (C, '{"f_wrapped": "", "node": {}}'),
    (C, '{"f_wrapped": null}'),
    (N, '{"otherName": "a", "type": "b"}'),
    (N, '{"given": "a", "CamelCase": "b", "ALLCAPS": "c", "with__two": "d"}'),
    (W, '{"timestamp": "1970-01-01T02:00:00.1+02:00", "duration": "-0.5s", "field_mask": "a.bC,d"}'),
    (W, '{"value": {"a": [1, null, {}]}, "struct": {"": ""}, "list_value": [[]], "values": [null, 0]}'),
    (W, '{"timestamps": [], "int64": "5", "bool": false, "bytes": "", "null_value": null}'),
    (W, '{"any": {"@type": "type.googleapis.com/wide.Node", "name": "x"}}'),
    (W, '{"any": {"name": "x", "@type": "a.b/wide.Node"}}'),
    (W, '{"any": {"@type": "wide.Node", "name": "x"}}'),
    (W, '{"any": {"value": "1s", "@type": "type.googleapis.com/google.protobuf.Duration"}}'),
    (W, '{"any": {"@type": "/google.protobuf.Empty"}}'),
    (W, '{"any": {"@type": "a/google.protobuf.Any", "value": {"@type": "a/google.protobuf.Int32Value", "value": 3}}}'),
    (W, '{"any": {"@type": "a/google.protobuf.Value", "value": null}}'),
    (W, '{"any": {}}'),
]

# What the tool takes beyond the library: names that Rust's structs have, bytes as numbers,
# oneofs as Rust's enums, and an `Any` by its two fields.
WIDER = [
    (N, '{"type_": "b", "self_": "c"}'),
    (S, '{"f_bytes": []}'),
    (S, '{"f_bytes": [0, 255]}'),
    (L, '{"f_bytes": [[1], "AQ=="]}'),
    (C, '{"first": {"FInt32": 5}}'),
    (C, '{"first": null, "second": {"Node": {"name": "x"}}}'),
    (W, '{"any": {"type_url": "no.Such", "value": "AQ=="}}'),
    (W, '{"any": {"type_url": "no.Such", "value": [1]}}'),
]

REFUSED = [
    (S, '{"f_level": "highest"}'),
    (S, ""),
    (S, "null"),
    (S, '"x"'),
    (S, "{} {}"),
    (S, '{"f_int32": 1,}'),
    (S, "{'f_int32': 1}"),
    (S, "{f_int32: 1}"),
    (S, '{"f_int32": 01}'),
    (S, '{"f_int32": 1.5}'),
    (S, '{"f_int32": 2147483648}'),
    (S, '{"f_int32": -2147483649}'),
    (S, '{"f_uint32": -1}'),
    (S, '{"f_uint64": 18446744073709551616}'),
    (S, '{"f_int64": 9223372036854775808}'),
    (S, '{"f_int32": true}'),
    (S, '{"f_int32": ""}'),
    (S, '{"f_int32": " 1"}'),
    (S, '{"f_int32": "x"}'),
    (S, '{"f_int32": {}}'),
    (S, '{"f_double": "x"}'),
    (S, '{"f_double": "nan"}'),
    (S, '{"f_double": 1e309}'),
    (S, '{"f_float": 1e39}'),
    (S, '{"f_float": -1e39}'),
    (S, '{"f_bool": "true"}'),
    (S, '{"f_bool": 1}'),
    (S, '{"f_string": 1}'),
    (S, '{"f_string": ["a"]}'),
    (S, '{"f_string": "\\ud800"}'),
    (S, '{"f_bytes": "A"}'),
    (S, '{"f_bytes": 1}'),
    (S, '{"f_level": "NO_SUCH"}'),
    (S, '{"f_level": []}'),
    (S, '{"no_such": 1}'),
    (S, '{"f_int32": 1, "f_int32": 1}'),
    (S, '{"f_int32": 1, "f_int32": null}'),
    (L, '{"f_int32": 1}'),
    (L, '{"f_int32": [null]}'),
    (L, '{"f_message": [null]}'),
    (L, '{"f_string": {}}'),
    (M, '{"by_int32": []}'),
    (M, '{"by_int32": {"x": 1}}'),
    (M, '{"by_int32": {"1": null}}'),
    (M, '{"by_bool": {"1": 1}}'),
    (M, '{"by_string": {"a": null}}'),
    (M, '{"by_string": {"a": {}, "a": {}}}'),
    (M, '{"by_uint32": {"-1": 1}}'),
    (C, '{"f_int32": 1, "f_string": ""}'),
    (W, '{"timestamp": "1970-01-01"}'),
    (W, '{"timestamp": "1970-01-01T00:00:00"}'),
    (W, '{"timestamp": "0000-01-01T00:00:00Z"}'),
    (W, '{"timestamp": "1970-01-01t00:00:00Z"}'),
    (W, '{"timestamp": "1970-13-01T00:00:00Z"}'),
    (W, '{"timestamp": "1970-01-01T00:00:00.1234567890Z"}'),
    (W, '{"timestamp": 0}'),
    (W, '{"timestamp": {"seconds": 0}}'),
    (W, '{"timestamps": [null]}'),
    (W, '{"duration": "1"}'),
    (W, '{"duration": "s"}'),
    (W, '{"duration": "315576000001s"}'),
    (W, '{"duration": 1}'),
    (W, '{"field_mask": "foo_bar"}'),
    (W, '{"struct": []}'),
    (W, '{"list_value": {}}'),
    (W, '{"int32": "x"}'),
    (W, '{"int32": {"value": 1}}'),
    (W, '{"bool": 1}'),
    (W, '{"int64s": [null]}'),
    (W, '{"empty": {"a": 1}}'),
    (W, '{"any": {"name": "x"}}'),
    (W, '{"any": {"@type": "a/no.Such"}}'),
    (W, '{"any": {"@type": "a/wide.Node", "nope": 1}}'),
    (W, '{"any": {"@type": 1}}'),
    (W, '{"any": []}'),
    (K, '{"left":' * 101 + "{}" + "}" * 101),
]

# What the tool alone refuses: an empty list for a message, a field under two
# names, a oneof with two members of which one is `null` as a value.
STRICTER = [
    (S, "[]"),
    (O, '{"f_message": []}'),
    (S, '{"f_int32": 1, "fInt32": 1}'),
    (C, '{"f_null": null, "f_value": null}'),
]

# ---------------------------------------------------------------- the comparison


def cases(rng, index, api, count):
    maker = Maker(api, rng)
    for name in api.types:
        for _ in range(count):
            message = maker.message(name)
            text = json.dumps(
                api.to_dict(message, preserving_proto_field_name=rng.random() < 0.5),
                ensure_ascii=rng.random() < 0.5,
                indent=rng.choice([None, 1]),
            )
            data = base64.b64encode(canonical(api, message)).decode()
            yield {"type": name, "bytes": data, "json": text}, "message"
    for kind, documents in ("taken", TAKEN), ("refused", REFUSED), ("stricter", STRICTER), ("wider", WIDER):
        for name, text in documents:
            if name in api.types:
                yield {"type": name, "json": text}, kind


def disagreement(api, case, kind, result):
    """What is wrong with the result, if anything."""
    name = case["type"]
    if kind == "stricter":
        return None if "error" in result else "the tool takes it"
    if kind in ("refused", "wider"):
        try:
            api.parsed(name, case["json"])
            return "the library takes it"
        except (json_format.ParseError, RecursionError):
            pass
        if kind == "wider":
            return "the tool refuses it: " + result["error"] if "error" in result else None
        return None if "error" in result else "the tool takes it"
    if "error" in result:
        return "the tool refuses it: " + result["error"]
    merged = canonical(api, api.decoded(name, base64.b64decode(result["merged"])))
    if kind == "taken":
        expected = canonical(api, api.parsed(name, case["json"]))
        return None if merged == expected else f"merged {merged.hex()}, not {expected.hex()}"
    data = base64.b64decode(case["bytes"])
    if merged != data:
        return f"merged {merged.hex()}, not {data.hex()}"
    message = api.decoded(name, data)
    for key, defaults in ("written", False), ("with_defaults", True):
        text = result[key]
        if canonical(api, api.parsed(name, text)) != data:
            return f"{key} does not read back: {text}"
        expected = api.to_dict(message, always_print_fields_with_no_presence=defaults)
        if json.loads(text) != json.loads(json.dumps(expected)):
            return f"{key} {text}, not {json.dumps(expected)}"
    return wrong_template(api, name, result["template"])


def wrong_template(api, name, text):
    """What is wrong with a type's template: it has every field, at every depth."""
    if name in SPECIAL_FORMS:
        message, empty = api.parsed(name, text), api.new(name)
        if name == "google.protobuf.Value":
            empty.null_value = 0
        return None if message == empty else f"the template is not the default: {text}"
    api.parsed(name, text)
    wrong = wrong_fields(api.new(name).DESCRIPTOR, json.loads(text), [])
    return wrong and f"the template's {wrong}: {text}"


def wrong_fields(descriptor, found, outer):
    """What is wrong with the template's object for a message within others, if anything."""
    fields = [it for it in descriptor.fields if not (has_null(it) and it.containing_oneof is not None)]
    if list(found) != [it.name for it in fields]:
        return f"fields of {descriptor.full_name} are {list(found)}"
    outer = outer + [descriptor.full_name]
    for field in fields:
        value = found[field.name]
        ty = field.message_type
        if is_map(field):
            ty = ty.fields_by_name["value"].message_type
        is_again = ty is not None and ty.full_name in outer
        if field.is_repeated:
            if len(value) != (0 if is_again else 1):
                return f"{field.full_name} is {value}"
            inner = list(value.values() if is_map(field) else value)
        else:
            inner = [value]
            if (field.containing_oneof is not None or is_again) and not field.is_required:
                if value is not None:
                    return f"{field.full_name} is {value}"
                continue
            if value is None and not has_null(field) and ty is None and not field.has_presence:
                return f"{field.full_name} is {value}"
        if ty is not None and ty.full_name not in SPECIAL_FORMS:
            for value in inner:
                wrong = value is not None and wrong_fields(ty, value, outer)
                if wrong:
                    return wrong
    return None


def has_null(field):
    """Whether `null` is a value of the field's type."""
    ty = field.message_type or field.enum_type
    return ty is not None and ty.full_name in ("google.protobuf.Value", "google.protobuf.NullValue")


if __name__ == "__main__":
    sys.exit(exchange(cases, disagreement, {}))
