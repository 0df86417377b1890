"""The side of Google's protobuf library in the comparison of JSON readers and writers.

    compare.py make SEED CASES SET COUNT [SET COUNT]...
    compare.py check CASES RESULTS SET COUNT [SET COUNT]...

`make` writes cases, one JSON object per line: COUNT random messages of every
type in each descriptor set SET, and documents that are to be taken or refused.
`check` reads the cases and what the tool made of each, and says where it and
the library disagree.
"""

import base64
import json
import math
import random
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor as F

MAX_DEPTH = 4


class Api:
    """The messages of one descriptor set."""

    def __init__(self, path):
        files = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as source:
            files.ParseFromString(source.read())
        self.pool = descriptor_pool.DescriptorPool()
        self.types = []
        for file in files.file:
            self.pool.Add(file)
        for file in files.file:
            if file.syntax == "proto3":
                prefix = file.package + "." if file.package else ""
                self.add_types(prefix, file.message_type)
        self.types.sort()

    def add_types(self, prefix, messages):
        for message in messages:
            if not message.options.map_entry:
                self.types.append(prefix + message.name)
                self.add_types(prefix + message.name + ".", message.nested_type)

    def new(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))()

    def parsed(self, name, text):
        return json_format.Parse(text, self.new(name), descriptor_pool=self.pool)

    def decoded(self, name, data):
        message = self.new(name)
        message.ParseFromString(data)
        return message

    def to_dict(self, message, **options):
        options.setdefault("preserving_proto_field_name", True)
        return json_format.MessageToDict(message, descriptor_pool=self.pool, **options)


def canonical(api, message):
    """The message in the library's own encoding, also within each `Any`."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Any":
        if message.type_url:
            inner = api.decoded(message.type_url.rpartition("/")[2], message.value)
            message.value = canonical(api, inner)
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if not field.is_repeated:
            canonical(api, value)
        elif not field.message_type.GetOptions().map_entry:
            for element in value:
                canonical(api, element)
        elif field.message_type.fields_by_name["value"].message_type is not None:
            for element in value.values():
                canonical(api, element)
    return message.SerializeToString(deterministic=True)


# ---------------------------------------------------------------- random messages

INT_RANGES = {
    F.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    F.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    F.CPPTYPE_UINT32: (0, 2**32 - 1),
    F.CPPTYPE_UINT64: (0, 2**64 - 1),
}
CHARS = "abcXYZ019 ._-/\"\\{}[]<>&'=\t\n\r\x00\x01\x1b\x7f\x80\x9béß漢字🦀\u2028\u202e\u2066\ufeff\u00ad\U000e0041"
SCALARS_OF_VALUE = ["null_value", "number_value", "string_value", "bool_value"]


class Maker:
    """Makes random messages."""

    def __init__(self, api, rng):
        self.api = api
        self.rng = rng

    def message(self, name):
        message = self.api.new(name)
        self.fill(message, 0)
        return message

    def fill(self, message, depth):
        special = SPECIAL.get(message.DESCRIPTOR.full_name)
        if special:
            message.SetInParent()
            special(self, message, depth)
            return
        chance = self.rng.choice([0.1, 0.5, 0.9])
        for field in message.DESCRIPTOR.fields:
            if self.rng.random() < chance:
                self.fill_field(message, field, depth)

    def fill_field(self, message, field, depth):
        rng = self.rng
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        # Deeper messages come to an end.
        if depth >= MAX_DEPTH and field.message_type is not None:
            return
        if is_map:
            key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            entries = getattr(message, field.name)
            for _ in range(rng.randrange(4)):
                if value.message_type is not None:
                    self.fill(entries[self.scalar(key)], depth + 1)
                else:
                    entries[self.scalar(key)] = self.scalar(value)
        elif field.is_repeated:
            elements = getattr(message, field.name)
            for _ in range(rng.randrange(4)):
                if field.message_type is not None:
                    self.fill(elements.add(), depth + 1)
                else:
                    elements.append(self.scalar(field))
        elif field.message_type is not None:
            inner = getattr(message, field.name)
            inner.SetInParent()
            self.fill(inner, depth + 1)
        else:
            value = self.scalar(field)
            # The protobuf crate leaves negative zero out where zero is the default.
            if value != 0 or field.has_presence:
                setattr(message, field.name, value)

    def scalar(self, field):
        rng = self.rng
        kind = field.cpp_type
        if kind in INT_RANGES:
            low, high = INT_RANGES[kind]
            return rng.choice([0, 1, low, high, rng.randint(low, high), rng.randint(max(low, -1000), 1000)])
        if kind == F.CPPTYPE_BOOL:
            return rng.random() < 0.5
        if kind == F.CPPTYPE_ENUM:
            if field.enum_type.full_name == "google.protobuf.NullValue":
                return 0
            if rng.random() < 0.1:
                return rng.randint(-(2**31), 2**31 - 1)
            return rng.choice(field.enum_type.values).number
        if kind == F.CPPTYPE_DOUBLE:
            return self.float("<d", 8)
        if kind == F.CPPTYPE_FLOAT:
            return self.float("<f", 4)
        if field.type == F.TYPE_BYTES:
            return rng.randbytes(rng.choice([0, 1, 2, 3, 7, 40]))
        return self.text()

    def float(self, form, size):
        rng = self.rng
        given = rng.choice([0.0, -0.0, 1.0, -1.5, 0.1, 1e20, math.inf, -math.inf, math.nan, None, None, None])
        if given is not None:
            return struct.unpack(form, struct.pack(form, given))[0]
        value = struct.unpack(form, rng.randbytes(size))[0]
        return 0.5 if math.isnan(value) else value

    def text(self):
        return "".join(self.rng.choice(CHARS) for _ in range(self.rng.choice([0, 1, 3, 10, 30])))

    def nanos(self):
        rng = self.rng
        return rng.choice([0, rng.randrange(1000) * 10**6, rng.randrange(10**6) * 1000, rng.randrange(10**9)])

    def timestamp(self, message, _):
        low, high = -62135596800, 253402300799
        message.seconds = self.rng.choice([0, -1, low, high, self.rng.randint(low, high)])
        message.nanos = self.nanos()

    def duration(self, message, _):
        limit = 315576000000
        sign = self.rng.choice([-1, 1])
        message.seconds = sign * self.rng.choice([0, 1, limit - 1, self.rng.randrange(limit)])
        message.nanos = sign * self.nanos()

    def field_mask(self, message, _):
        names = ["a", "foo_bar", "user.first_name", "x1.y2_z", "a_b_c"]
        message.paths.extend(self.rng.choice(names) for _ in range(self.rng.randrange(4)))

    def value(self, message, depth):
        rng = self.rng
        kinds = SCALARS_OF_VALUE if depth >= MAX_DEPTH else SCALARS_OF_VALUE + ["struct_value", "list_value"]
        kind = rng.choice(kinds)
        if kind == "null_value":
            message.null_value = 0
        elif kind == "number_value":
            message.number_value = rng.choice([0.0, 1.0, -7.0, 0.1, 1e300, 2.0**53, rng.random(), rng.uniform(-1e9, 1e9)])
        elif kind == "string_value":
            message.string_value = self.text()
        elif kind == "bool_value":
            message.bool_value = rng.random() < 0.5
        else:
            inner = getattr(message, kind)
            inner.SetInParent()
            self.fill(inner, depth + 1)

    def struct(self, message, depth):
        for _ in range(self.rng.randrange(4)):
            self.value(message.fields[self.text()], depth + 1)

    def list_value(self, message, depth):
        for _ in range(self.rng.randrange(4)):
            self.value(message.values.add(), depth + 1)

    def any(self, message, depth):
        if depth >= MAX_DEPTH or self.rng.random() < 0.1:
            return
        inner = self.api.new(self.rng.choice(self.api.types))
        self.fill(inner, depth + 1)
        message.Pack(inner, deterministic=True)


SPECIAL = {
    "google.protobuf." + name: function
    for name, function in {
        "Timestamp": Maker.timestamp,
        "Duration": Maker.duration,
        "FieldMask": Maker.field_mask,
        "Value": Maker.value,
        "Struct": Maker.struct,
        "ListValue": Maker.list_value,
        "Any": Maker.any,
    }.items()
}

# Messages that are not objects of their fields in JSON.
SPECIAL_FORMS = set(SPECIAL) | {
    f"google.protobuf.{kind}Value" for kind in "Double Float Int64 UInt64 Int32 UInt32 Bool String Bytes".split()
}

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
    (W, '{"any": {"value": "1s", "@type": "type.googleapis.com/google.protobuf.Duration"}}'),
    (W, '{"any": {"@type": "/google.protobuf.Empty"}}'),
    (W, '{"any": {"@type": "a/google.protobuf.Any", "value": {"@type": "a/google.protobuf.Int32Value", "value": 3}}}'),
    (W, '{"any": {"@type": "a/google.protobuf.Value", "value": null}}'),
    (W, '{"any": {}}'),
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

# ---------------------------------------------------------------- the two steps


def make(seed, cases, apis):
    rng = random.Random(seed)
    out = []
    for index, (api, count) in enumerate(apis):
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
                out.append({"kind": "message", "set": index, "type": name, "bytes": data, "json": text})
    for kind, documents in ("taken", TAKEN), ("refused", REFUSED), ("stricter", STRICTER):
        out.extend({"kind": kind, "type": name, "json": text} for name, text in documents)
    with open(cases, "w", encoding="utf-8") as lines:
        for case in out:
            if "set" not in case:
                case["set"] = next(i for i, (api, _) in enumerate(apis) if case["type"] in api.types)
            lines.write(json.dumps(case) + "\n")


def disagreement(api, case, result):
    """What is wrong with the result, if anything."""
    name = case["type"]
    if case["kind"] == "stricter":
        return None if "error" in result else "the tool takes it"
    if case["kind"] == "refused":
        try:
            api.parsed(name, case["json"])
            return "the library takes it"
        except (json_format.ParseError, RecursionError):
            pass
        return None if "error" in result else "the tool takes it"
    if "error" in result:
        return "the tool refuses it: " + result["error"]
    merged = canonical(api, api.decoded(name, base64.b64decode(result["merged"])))
    if case["kind"] == "taken":
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
    """What is wrong with a type's template: it must have every field, and set nothing."""
    if name in SPECIAL_FORMS:
        message, empty = api.parsed(name, text), api.new(name)
        if name == "google.protobuf.Value":
            empty.null_value = 0
        return None if message == empty else f"the template is not the default: {text}"
    fields = api.new(name).DESCRIPTOR.fields
    expected = [it.name for it in fields if not (has_null(it) and it.containing_oneof is not None)]
    if list(json.loads(text)) != expected:
        return f"the template lacks fields: {text}"
    for field, value in api.parsed(name, text).ListFields():
        # Only messages one level down are there, and they are empty.
        inner = [] if field.message_type is None else value.ListFields()
        if field.message_type is None or not (has_null(field) or all(has_null(it) for it, _ in inner)):
            return f"the template sets {field.name}: {text}"
    return None


def has_null(field):
    """Whether `null` is a value of the field's type."""
    ty = field.message_type or field.enum_type
    return ty is not None and ty.full_name in ("google.protobuf.Value", "google.protobuf.NullValue")


def check(cases, results, apis):
    failed = 0
    with open(cases, encoding="utf-8") as given, open(results, encoding="utf-8") as made:
        pairs = list(zip(given, made, strict=True))
    for case, result in ((json.loads(a), json.loads(b)) for a, b in pairs):
        what = disagreement(apis[case["set"]][0], case, result)
        if what:
            failed += 1
            if failed <= 20:
                print(f"{case['kind']} {case['type']} {case['json'][:400]}\n  {what[:400]}")
    print(f"{len(pairs)} cases, {failed} disagreements")
    return 1 if failed or not pairs else 0


def main(args):
    command, first, second, *rest = args
    apis = [(Api(path), int(count)) for path, count in zip(rest[::2], rest[1::2])]
    if command == "make":
        make(int(first), second, apis)
        return 0
    return check(first, second, apis)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
