"""What the comparisons with Google's protobuf library have in common: the messages of an
API, random ones of each type, and the exchange of cases with the tool.
"""

import collections
import itertools
import json
import math
import random
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor as F

MAX_DEPTH = 4
# How many cases go to the tool before its answers are read.
BATCH = 500
SHOWN = 20


def exchange(cases, disagreement, left_out):
    """Gives the tool one case after the other, and tells on standard error what came of them.

    The arguments are a seed, and for each API a descriptor set and how many cases each type
    has. `cases(rng, index, api, count)` makes an API's cases, each a pair of what the tool
    gets, with the case's "type", and what `disagreement(api, case, more, result)` gets beside
    the tool's answer to it. That returns what is wrong with the answer, if anything, or the
    key in `left_out` of the reason why it is not compared.
    """
    seed, *rest = sys.argv[1:]
    apis = [(Api(path), int(count)) for path, count in zip(rest[::2], rest[1::2])]
    rng = random.Random(int(seed))
    counts, skipped = collections.Counter(), collections.Counter()
    failed, refused = 0, 0
    for index, (api, count) in enumerate(apis):
        made = cases(rng, index, api, count)
        while batch := list(itertools.islice(made, BATCH)):
            sys.stdout.writelines(json.dumps({"set": index, **case}) + "\n" for case, _ in batch)
            # An empty line asks for the answers.
            sys.stdout.write("\n")
            sys.stdout.flush()
            for case, more in batch:
                result = json.loads(sys.stdin.readline())
                counts[case["type"]] += 1
                refused += "error" in result
                what = disagreement(api, case, more, result)
                if what in left_out:
                    skipped[what] += 1
                elif what:
                    failed += 1
                    if failed <= SHOWN:
                        shown = case.get("json") or case["bytes"]
                        print(f"{case['type']} {shown[:2000]}\n  {what[:600]}", file=sys.stderr)
    told = [f"{name}: {count}" for name, count in sorted(counts.items())]
    told += [f"left out: {count}, where {left_out[why]}" for why, count in sorted(skipped.items())]
    total = f"{counts.total()} cases, of which {refused} are refused; {failed} disagreements"
    print("\n".join(f"  {line}" for line in told), total, sep="\n", file=sys.stderr)
    return 1 if failed or not counts else 0


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


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
            # Nothing here has the descriptors' own messages.
            if file.name != "google/protobuf/descriptor.proto":
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

    def __init__(self, api, rng, partial=False):
        self.api = api
        self.rng = rng
        # Whether required fields may be missing.
        self.partial = partial

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
            if self.rng.random() < chance or field.is_required and not self.partial:
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
            if rng.random() < 0.1 and not field.enum_type.is_closed:
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
        message.type_url = f"type.googleapis.com/{inner.DESCRIPTOR.full_name}"
        message.value = inner.SerializePartialToString(deterministic=True)


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
