"""The side of Google's protobuf library in the comparison of decoders:

    decode.py SEED SET COUNT [SET COUNT]...

Makes COUNT encodings of every type in each descriptor set SET: a third are well-formed, a
third odd but right, and a third changed at random.

What is not compared: negative zero where zero is the default, as the protobuf crate,
which encodes what the tool decoded, leaves it out; and how often an unknown field comes
where a later value may replace the message that it is in, as the tool counts those too.
The tool looks for unknown fields in an Any whose type and value come in one piece: one that
comes in two, its value first, is a disagreement that means no more than a warning less.
Cases are left out, and counted, for the reasons in `LEFT_OUT`.
"""

import base64
import collections
import re
import struct
import sys

from google.protobuf.descriptor import FieldDescriptor as F
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from messages import Maker, exchange, is_map

VARINT, FIXED64, BYTES, START, END, FIXED32 = range(6)
NODE, WHOLE = "wide.Node", "old.Whole"

WIRE_TYPES = {
    F.TYPE_DOUBLE: FIXED64,
    F.TYPE_FIXED64: FIXED64,
    F.TYPE_SFIXED64: FIXED64,
    F.TYPE_FLOAT: FIXED32,
    F.TYPE_FIXED32: FIXED32,
    F.TYPE_SFIXED32: FIXED32,
    F.TYPE_STRING: BYTES,
    F.TYPE_BYTES: BYTES,
    F.TYPE_MESSAGE: BYTES,
}
# Of a varint of these types only the low 32 bits count.
NARROW = {F.TYPE_INT32, F.TYPE_UINT32, F.TYPE_SINT32, F.TYPE_ENUM}


LEFT_OUT = {
    "entry": "a map's entry has an unknown field, of which the tool tells: the library keeps the entry out of the map",
    "closed": "an enum of proto2 has a number that the proto does not name: the tool keeps it",
    "text": "a string of proto2 is not UTF-8: the library takes it",
    "zero": "a field has the number 0, which is not allowed: the library takes it in some places",
}


def wire_type(field):
    return WIRE_TYPES.get(field.type, VARINT)


class Odd:
    """Encodes messages in ways that are unusual, and right."""

    def __init__(self, rng):
        self.rng = rng

    def chance(self, probability):
        return self.rng.random() < probability

    def varint(self, number, longest=10):
        number &= 2**64 - 1
        out = bytearray()
        while True:
            byte = number & 0x7F
            number >>= 7
            if number == 0:
                out.append(byte)
                break
            out.append(byte | 0x80)
        # As many bytes more as there may be.
        if len(out) < longest and self.chance(0.1):
            more = self.rng.randrange(longest - len(out))
            out[-1] |= 0x80
            out += b"\x80" * more + b"\x00"
        return bytes(out)

    def tag(self, number, kind):
        return self.varint(number << 3 | kind, 5)

    def delimited(self, number, content):
        return self.tag(number, BYTES) + self.varint(len(content), 5) + content

    def number(self, field, value):
        """The encoding of a scalar, without its tag."""
        ty = field.type
        if ty == F.TYPE_DOUBLE:
            return struct.pack("<d", value)
        if ty == F.TYPE_FLOAT:
            return struct.pack("<f", value)
        if wire_type(field) == FIXED64:
            return struct.pack("<Q", value & (2**64 - 1))
        if wire_type(field) == FIXED32:
            return struct.pack("<I", value & (2**32 - 1))
        if ty == F.TYPE_SINT32:
            value = (value << 1 ^ value >> 31) & (2**32 - 1)
        elif ty == F.TYPE_SINT64:
            value = (value << 1 ^ value >> 63) & (2**64 - 1)
        elif ty == F.TYPE_BOOL and value and self.chance(0.3):
            value = self.rng.choice([2, 2**32, 2**63])
        if ty in NARROW and self.chance(0.2):
            value = (value & (2**32 - 1)) | self.rng.getrandbits(32) << 32
        return self.varint(value)

    def single(self, field, value):
        if field.message_type is not None:
            return self.message(field, value)
        if field.type == F.TYPE_STRING:
            return self.delimited(field.number, value.encode())
        if field.type == F.TYPE_BYTES:
            return self.delimited(field.number, value)
        return self.tag(field.number, wire_type(field)) + self.number(field, value)

    def message(self, field, value):
        return self.delimited(field.number, b"".join(self.pieces(value)))

    def repeated(self, field, values):
        if wire_type(field) == BYTES:
            return [self.single(field, value) for value in values]
        out, values = [], list(values)
        while values:
            # Some of them packed, even none, and some not.
            count = self.rng.randrange(len(values) + 1)
            packed, values = values[:count], values[count:]
            if self.chance(0.5):
                out += [self.single(field, value) for value in packed]
            else:
                out.append(self.delimited(field.number, b"".join(self.number(field, it) for it in packed)))
        return out

    def entry(self, field, key, value):
        key_field, value_field = (field.message_type.fields_by_name[it] for it in ("key", "value"))
        pieces = []
        if key or self.chance(0.5):
            pieces.append(self.single(key_field, key))
        if value_field.message_type is not None or value or self.chance(0.5):
            pieces.append(self.single(value_field, value))
        if self.chance(0.3):
            pieces.reverse()
        if self.chance(0.2) and pieces:
            pieces.append(self.rng.choice(pieces))
        if self.chance(0.02):
            pieces.append(self.unknown(field.message_type))
        return self.delimited(field.number, b"".join(pieces))

    def pieces(self, message):
        """A message's fields, each encoded; together they are the message, or one like it."""
        rng, out = self.rng, []
        for field, value in message.ListFields():
            if is_map(field):
                out += [self.entry(field, key, value[key]) for key in sorted(value)]
            elif field.is_repeated:
                out += self.repeated(field, value)
            elif field.message_type is not None and self.chance(0.3):
                # In several parts, which are to be merged.
                parts = self.pieces(value)
                at = rng.randrange(len(parts) + 1)
                out += [self.delimited(field.number, b"".join(part)) for part in (parts[:at], parts[at:])]
            else:
                out.append(self.single(field, value))
        if self.chance(0.3) and out:
            # What comes again replaces what was there, or is merged or appended.
            out.append(rng.choice(out))
        if self.chance(0.2):
            rng.shuffle(out)
        while self.chance(0.2):
            out.insert(rng.randrange(len(out) + 1), self.unknown(message.DESCRIPTOR))
        return out

    def unknown(self, descriptor):
        """A field that is not in the descriptor, or with a wire type that it does not have there."""
        number = self.rng.choice([1, 15, 16, 99, 2**29 - 1, self.rng.randrange(1, 30)])
        field = descriptor.fields_by_number.get(number)
        kinds = [VARINT, FIXED64, BYTES, START, FIXED32]
        if field is not None:
            kinds.remove(wire_type(field))
            if field.is_repeated and BYTES in kinds:
                kinds.remove(BYTES)
        return self.field(number, self.rng.choice(kinds), 0)

    def field(self, number, kind, depth):
        rng = self.rng
        if kind == START:
            kinds = [VARINT, FIXED64, BYTES, FIXED32] + [START] * (depth < 3)
            inner = [self.field(rng.randrange(1, 100), rng.choice(kinds), depth + 1) for _ in range(rng.randrange(4))]
            return self.tag(number, START) + b"".join(inner) + self.tag(number, END)
        if kind == BYTES:
            return self.delimited(number, rng.randbytes(rng.randrange(6)))
        content = {VARINT: self.varint(rng.getrandbits(64)), FIXED64: rng.randbytes(8), FIXED32: rng.randbytes(4)}
        return self.tag(number, kind) + content[kind]


def mutated(rng, data):
    """An encoding that was changed in a few places, or cut."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(5)
        if change == 0:
            del data[at:]
        elif change == 1:
            del data[at : at + rng.randrange(1, 4)]
        elif change == 2:
            data[at:at] = rng.randbytes(rng.randrange(1, 4))
        elif at < len(data):
            data[at] = data[at] ^ 1 << rng.randrange(8) if change == 3 else rng.choice([0, 1, 0x7F, 0x80, 0xFF])
    return bytes(data)


def nested(depth, end=b""):
    """A `Node` in a `Node`, so many of them."""
    for _ in range(depth):
        length = bytearray()
        size = len(end)
        while size >= 0x80:
            length.append(size & 0x7F | 0x80)
            size >>= 7
        length.append(size)
        end = NODE_TAG + bytes(length) + end
    return end


NODE_TAG = b""


def special_cases(api):
    """Encodings of a `Node` that no random one is likely to be."""
    global NODE_TAG
    left = api.new(NODE).DESCRIPTOR.fields_by_name["left"]
    NODE_TAG = bytes([left.number << 3 | BYTES])
    for depth in 99, 100, 101, 102, 1000:
        yield nested(depth)
        # A group in the deepest one.
        yield nested(depth - 1, b"\xfb\x07\xfc\x07")
        yield b"\xfb\x07" * depth + b"\xfc\x07" * depth
    yield from [
        b"\x00\x00",
        b"\x07",
        b"\x06",
        b"\xff\xff\xff\xff\xff\x7f\x00",
        b"\xf8\xff\xff\xff\x0f\x01",
        b"\xf8\xff\xff\xff\x1f\x01",
        b"\x80\x80\x80\x80\x80\x00\x01",
        b"\xfb\x07",
        b"\xfc\x07",
        b"\xfb\x07\xfc\x06",
        b"\xf8\x07" + b"\xff" * 9 + b"\x7f",
        b"\xf8\x07" + b"\xff" * 10 + b"\x01",
        b"\xfa\x07\xff\xff\xff\xff\x07",
        b"\xfa\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xfa\x07\x81\x80\x80\x80\x00x",
        b"\xfa\x07\x81\x80\x80\x80\x80\x00x",
    ]


def cases(rng, index, api, count):
    maker, odd = Maker(api, rng, partial=True), Odd(rng)
    for name in api.types:
        for number in range(count):
            # Each message comes in all three forms.
            if number % 3 == 0:
                message = maker.message(name)
                plain = message.SerializePartialToString(deterministic=True)
                data = plain
            elif number % 3 == 1:
                data = strange = b"".join(odd.pieces(message))
            else:
                data = mutated(rng, rng.choice([plain, strange]))
            yield case(name, data)
    if NODE in api.types:
        for data in special_cases(api):
            yield case(NODE, data)
    if WHOLE in api.types:
        # The number 0 in a group, and a required field that is missing.
        yield case(WHOLE, bytes.fromhex("7be803d4c1d7fefdb8e9b4d300d9ff2659d658ddcd5660ca0201a57c"))


def case(name, data):
    return {"type": name, "bytes": base64.b64encode(data).decode()}, data


def unknown_fields(api, message, found, entries):
    """Counts the unknown fields of a message and of all messages in it.

    The library keeps a map's entry that has an unknown field out of the map, and whole as an
    unknown field of the map's message: those go to `entries`.
    """
    descriptor = message.DESCRIPTOR
    for field in UnknownFieldSet(message):
        key = (descriptor.full_name, field.field_number)
        known = descriptor.fields_by_number.get(field.field_number)
        if known is not None and is_map(known) and field.wire_type == BYTES:
            entries.add(key)
        else:
            found[key] += 1
    if descriptor.full_name == "google.protobuf.Any":
        name = message.type_url.rpartition("/")[2]
        if name in api.types:
            try:
                inner = api.decoded(name, message.value)
                if is_text(inner):
                    unknown_fields(api, inner, found, entries)
            except DecodeError:
                pass
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if is_map(field):
            if field.message_type.fields_by_name["value"].message_type is not None:
                for key in value:
                    unknown_fields(api, value[key], found, entries)
        else:
            for inner in value if field.is_repeated else [value]:
                unknown_fields(api, inner, found, entries)


def is_text(message):
    """Whether all strings in a message are UTF-8, which the library does not ask of proto2's."""
    try:
        for field, value in message.ListFields():
            if is_map(field):
                inner = [value[key] for key in value]
                field = field.message_type.fields_by_name["value"]
            else:
                inner = value if field.is_repeated else [value]
            if field.message_type is not None and not all(is_text(it) for it in inner):
                return False
            # As bytes where they are no text.
            if field.type == F.TYPE_STRING and not all(isinstance(it, str) for it in inner):
                return False
        return True
    except UnicodeDecodeError:
        return False


def replaces(descriptor, seen):
    """Whether a value in such a message can take the place of one that has unknown fields."""
    if descriptor.full_name in seen:
        return False
    seen.add(descriptor.full_name)
    if descriptor.full_name == "google.protobuf.Any" or any(len(it.fields) > 1 for it in descriptor.oneofs):
        return True
    return any(is_map(it) or replaces(it.message_type, seen) for it in descriptor.fields if it.message_type)


def cleaned(message):
    """Clears what is not compared. The library's own function stops at some depth."""
    message.DiscardUnknownFields()
    for field, value in message.ListFields():
        if is_map(field):
            if field.message_type.fields_by_name["value"].message_type is not None:
                for key in value:
                    cleaned(value[key])
        elif field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                cleaned(inner)
        elif not field.is_repeated and not field.has_presence and value == 0:
            message.ClearField(field.name)


def compared(message):
    cleaned(message)
    return message.SerializePartialToString(deterministic=True)


def has_number_zero(data, error):
    """Whether the tag that an error complains of has the field number 0."""
    found = re.search(r"the field at offset (\d+) has a number or type", error)
    if not found:
        return False
    tag = 0
    for index, byte in enumerate(data[int(found[1]) :][:5]):
        tag |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            break
    return tag >> 3 == 0


def disagreement(api, case, data, result):
    """What is wrong with the result, if anything; a key of `LEFT_OUT` if it is not compared."""
    name = case["type"]
    try:
        expected = api.decoded(name, data)
    except DecodeError as error:
        return None if "error" in result else f"the library refuses it: {error}"
    if not is_text(expected) or is_proto2(expected) and "is not UTF-8" in result.get("error", ""):
        return "text" if "is not UTF-8" in result.get("error", "") else "a string is not UTF-8"
    found, entries = collections.Counter(), set()
    unknown_fields(api, expected, found, entries)
    if "error" in result and has_number_zero(data, result["error"]):
        return "zero"
    if not expected.IsInitialized():
        return None if "required" in result.get("error", "") else "a required field is missing"
    if "error" in result:
        if entries and "required" in result["error"]:
            return "entry"
        return f"the tool refuses it: {result['error']}"
    if entries:
        told = {(message, field) for message, field, _, _ in result["unknown"]}
        return "entry" if entries <= told else f"unknown fields in entries of {entries}, not {told}"
    told = {(message, number): count for message, field, number, count in result["unknown"] if field is None}
    # Such a number may come beside a value of another wire type, which the tool tells of too.
    if any(is_closed(api, *key) and told.get(key, 0) < found[key] for key in found):
        return "closed"
    may_replace = replaces(expected.DESCRIPTOR, set())
    if told != found and not (may_replace and all(told.get(key, 0) >= found[key] for key in found)):
        return f"unknown fields {told}, not {dict(found)}"
    merged, expected = compared(api.decoded(name, base64.b64decode(result["bytes"]))), compared(expected)
    return None if merged == expected else f"decoded {merged.hex()}, not {expected.hex()}"


def is_closed(api, name, number):
    field = api.new(name).DESCRIPTOR.fields_by_number.get(number)
    return field is not None and field.enum_type is not None and field.enum_type.is_closed


def is_proto2(message):
    return message.DESCRIPTOR.file.name == "old.proto"


if __name__ == "__main__":
    sys.exit(exchange(cases, disagreement, LEFT_OUT))
