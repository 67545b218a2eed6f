"""Good checkpoints, and damage of them: what `damage` lets the tool read.

The good ones are fixtures, which TensorFlow wrote or reads, and safetensors files that are made here.
"""

import itertools
import json
import re
import struct

from toolchain import fail
from stored import FIXTURES, TRAILER_SIZE, Entry, Table, block_entries, encoded, fields, masked_crc32c, message
from stored import sealed, string_payload, strings, varint

CHECKPOINTS = {
    "V2": ["worked/two_tensors", "worked/sliced", "slices/partitioned", "slices/joinable_types", "sharded/two",
           "sharded/three", "strings/scalar", "strings/tensor_list", "dtypes/all", "names/not_utf8", "bigendian/all",
           "blocks/restart_1000", "blocks/size_64", "snappy/one_block", "snappy/size_64", "many/five_thousand",
           "object/nested-1", "keras/keras2_adam"],
    "V1": ["v1/worked", "v1/partitioned", "v1/names", "v1/dtypes", "v1/snappy", "v1/two-?????-of-00002",
           "v1/three-?????-of-00003"],
}
GRAPH = b"_CHECKPOINTABLE_OBJECT_GRAPH"
STRING, VARIANT = 7, 21
# Numbers that no field allows, or that wrap around in 32 or 64 bits when something is added or multiplied.
NUMBERS = [0, 127, 255, 65_535, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**61, 2**62, 2**63 - 1, 2**63,
           2**64 - 8, 2**64 - 1]
REPAIRED = 0.4  # of the mutants of V2 and V1


# Damage of bytes


def stretch(data, chance, most=64):
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.randint(1, most))


def flipped(data, chance):
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 8])):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def cut(data, chance):
    return data[:chance.randrange(len(data))]


def lengthened(data, chance):
    at = chance.randint(0, len(data))
    return data[:at] + chance.randbytes(chance.choice([1, 1, 4, 16, 64])) + data[at:]


def shortened(data, chance):
    start, end = stretch(data, chance)
    return data[:start] + data[end:]


def with_varint(data, chance):
    start, end = stretch(data, chance, 2)
    number = varint(chance.choice(NUMBERS)) if chance.random() < 0.9 else b"\xff" * chance.randint(5, 11)
    way = chance.randrange(3)  # over the bytes that are there, between them, or in the place of one or two
    return data[:start] + number + data[[start + len(number), start, end][way]:]


def zeroed(data, chance):
    start, end = stretch(data, chance, chance.choice([4, 64, 4096]))
    return data[:start] + bytes(end - start) + data[end:]


def swapped(data, chance):
    size = chance.randint(1, max(1, min(64, len(data) // 2)))
    one, other = sorted(chance.randrange(len(data) - size + 1) for _ in range(2))
    other = max(other, one + size)
    return (data[:one] + data[other:other + size] + data[one + size:other] + data[one:one + size]
            + data[other + size:])


def repeated(data, chance):
    """One stretch stands in the place of another, as after a write that went astray."""
    start, end = stretch(data, chance)
    at = chance.randrange(len(data))
    return data[:at] + data[start:end] + data[at + end - start:]


WAYS = [flipped, flipped, flipped, cut, lengthened, shortened, with_varint, with_varint, zeroed, swapped, repeated]


def damaged(data, chance):
    return chance.choice(WAYS)(data, chance) if data else lengthened(data, chance)


def damaged_message(data, chance):
    """A message that is one still, with something wrong in it; or damage of what is no message."""
    found = fields(data)
    if not found or chance.random() < 0.1:
        return damaged(data, chance)
    place = chance.randrange(len(found))
    field = found[place]
    way = chance.randrange(10)
    if way == 0:
        del found[place]
    elif way == 1:
        found.insert(chance.randint(0, len(found)), field)
    elif way == 2:
        field[0] = chance.choice([*range(1, 20), 2**29 - 1])
    elif field[1] == 0:
        field[2] = chance.choice([*NUMBERS, field[2] + 1, abs(field[2] - 1), 2 * field[2]])
    elif field[1] == 2:
        field[2] = damaged_message(field[2], chance)
    else:
        field[2] = flipped(field[2], chance)
    return message(found)


# Damage of checkpoints


class Base:
    """A good checkpoint: its files, and the name by which the tool reads it."""

    def __init__(self, form, name, files):
        self.form, self.name, self.files = form, name, files
        self.path = "." if "model.safetensors.index.json" in files else name.rsplit("/")[-1]
        tables = [name for name in files if form == "V1" or name.endswith(".index")]
        self.tables = {} if form == "safetensors" else {name: Table(files[name]) for name in tables}
        # What has bytes in a data file, and can be written again: the block, the key and the message of each.
        self.values = [one for table in self.tables.values() for one in table.entries() if self.has_value(*one[1:])]
        self.texts = [one for one in self.values if Entry(one[2]).dtype == STRING]
        self.has_graph = any(key == GRAPH for _, key, _ in self.values)

    def has_value(self, key, value):
        if self.form != "V2" or not key:
            return False
        entry = Entry(value)
        return entry.size > 0 and entry.dtype != VARIANT

    def data_file(self, shard):
        return next(name for name in self.files if f".data-{shard:05}-of-" in name)


def safetensors(tensors, texts):
    header, data = {"__metadata__": texts}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def safetensors_bases():
    floats = struct.pack("<12f", *range(12))
    tensors = {
        "layer.weight": ("F32", [4, 3], floats), "layer.bias": ("F64", [2], struct.pack("<2d", 0.5, -2)),
        "step": ("I64", [], struct.pack("<q", 7)), "half.\u00e9": ("BF16", [2, 2], floats[:8]),
        "none": ("F16", [0, 3], b""), "mask": ("BOOL", [3], b"\1\0\1"), "bytes": ("U8", [5], b"\1\2\3\4\5"),
    }
    yield Base("safetensors", "file.safetensors", {"file.safetensors": safetensors(tensors, {"format": "pt"})})
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    parts = [dict(list(tensors.items())[:3]), dict(list(tensors.items())[3:])]
    files = {name: safetensors(part, {"format": "pt"}) for name, part in zip(names, parts)}
    index = {"metadata": {"total_size": sum(len(values) for _, _, values in tensors.values())},
             "weight_map": {key: name for name, part in zip(names, parts) for key in part}}
    files["model.safetensors.index.json"] = json.dumps(index, indent=2).encode()
    yield Base("safetensors", "model directory", files)


def bases():
    for form, names in CHECKPOINTS.items():
        for name in names:
            patterns = [name] if form == "V1" else [f"{name}.index", f"{name}.data-?????-of-?????"]
            paths = sorted(path for pattern in patterns for path in FIXTURES.glob(pattern))
            if not paths:
                fail(f"there is no fixture {name}")
            yield Base(form, name, {path.name: path.read_bytes() for path in paths})
    yield from safetensors_bases()


class Mutant:
    """A damaged checkpoint: `files` without those that are missing."""

    def __init__(self, bases, base, chance):
        self.bases, self.base = bases, base
        self.is_repaired = bool(base.tables) and chance.random() < REPAIRED
        while True:
            self.files, self.what = dict(base.files), []
            self.is_another, self.has_other_file = False, False
            self.has_other_index, self.has_other_graph = False, False
            if self.is_repaired:
                self.repair(chance)
            else:
                for _ in range(chance.choice([1, 1, 1, 1, 2])):
                    self.damage(chance)
            if self.files != base.files:
                break

    @property
    def is_protected(self):
        """Whether checksums tell what is wrong."""
        return not (self.is_repaired or self.is_another or self.base.form == "safetensors")

    def damage(self, chance):
        name = chance.choice(sorted(self.base.files))
        data = self.files.get(name, b"")
        way = chance.randrange(20)
        if way == 0:
            self.what.append(f"{name} is missing")
            self.files.pop(name, None)
        elif way in (1, 2):
            self.take_other(name, chance)
        elif way in (3, 4) and len(getattr(self.base.tables.get(name), "blocks", [])) > 1:
            self.swap_blocks(name, chance)
        elif self.base.form == "safetensors" and way < 12:
            self.damage_header(name, data, chance)
        else:
            self.put(name, chance.choice(WAYS) if data else lengthened, data, chance)

    def put(self, name, way, data, chance):
        self.what.append(f"{name}: {way.__name__}")
        self.files[name] = way(data, chance)

    def take_other(self, name, chance):
        """A file of the same kind of another checkpoint, or another one of this."""
        role = ".index" if name.endswith(".index") else ".data-" if ".data-" in name else ""
        others = [(other, file) for other in self.bases if other.form == self.base.form for file in other.files
                  if role in file and (other, file) != (self.base, name)]
        other, file = chance.choice(others)
        self.files[name] = other.files[file]
        self.what.append(f"{name} is {file} of {other.name}")
        self.is_another |= self.base.form == "V1" or self.has_other_file  # two of another: a whole one
        self.has_other_file = True
        self.has_other_index |= role == ".index"

    def swap_blocks(self, name, chance):
        """Of one size, if there are such: then each has a right checksum, and only the order is wrong."""
        data, places = self.base.files[name], self.base.tables[name].places
        pairs = list(itertools.combinations(places[:64], 2))
        alike = [(one, other) for one, other in pairs if one[1] - one[0] == other[1] - other[0]]
        (one, end), (other, last) = sorted(chance.choice(alike or pairs))
        self.files[name] = data[:one] + data[other:last] + data[end:other] + data[one:end] + data[last:]
        self.what.append(f"{name}: swapped blocks")

    def damage_header(self, name, data, chance):
        """Damage of the JSON: the length before it is right, or only numbers in it are other ones."""
        size = int.from_bytes(data[:8], "little") if name.endswith(".safetensors") else 0
        text, rest = (data[8:8 + size], data[8 + size:]) if size else (data, b"")
        numbers = list(re.finditer(rb"\d+", text))
        if numbers and chance.random() < 0.5:
            found = chance.choice(numbers)
            text = text[:found.start()] + str(chance.choice(NUMBERS)).encode() + text[found.end():]
        else:
            text = damaged(text, chance)
        self.files[name] = (struct.pack("<Q", len(text)) if size else b"") + text + rest
        self.what.append(f"{name}: its header")

    # With right checksums. What is the same as before is not written, and another damage is tried.

    def repair(self, chance):
        name = chance.choice(sorted(self.base.tables))
        ways = [self.repair_block, self.repair_entry, self.repair_entry]
        chance.choice(ways + [self.repair_value] * (self.base.form == "V2"))(name, self.base.tables[name], chance)

    def repair_block(self, name, table, chance):
        place = chance.randint(0, len(table.blocks))
        if place == len(table.blocks):
            written = table.written(damage=lambda index: damaged(index, chance))
            if written != table.written():
                self.files[name] = written
                self.what.append(f"{name}: the index block")
            return
        old = table.blocks[place]
        if old[-TRAILER_SIZE] == 1 and chance.random() < 0.5:
            block = table.like(old, damaged(table.content(old), chance))
        else:
            kind = chance.randrange(256) if chance.random() < 0.05 else old[-TRAILER_SIZE]
            block = sealed(damaged(old[:-TRAILER_SIZE], chance) + bytes([kind]))
        if block != old:
            self.files[name] = table.written(place, block)
            self.what.append(f"{name}: block {place}")

    def repair_entry(self, name, table, chance):
        place = chance.randrange(len(table.blocks))
        block = table.blocks[place]
        entries = list(block_entries(table.content(block)))
        old = list(entries)
        at, other = chance.randrange(len(entries)), chance.randrange(len(entries))
        key, value = entries[at]
        way = chance.randrange(10)
        if way == 0:
            del entries[at]
        elif way == 1:
            entries.insert(other, entries[at])
        elif way == 2:
            entries[at] = key, entries[other][1]
            entries[other] = entries[other][0], value
        elif way == 3:
            entries[at] = damaged(key, chance), value
        else:
            entries[at] = key, damaged_message(value, chance)
        if entries != old:
            self.files[name] = table.written(place, table.like(block, encoded(entries)))
            self.what.append(f"{name}: entry {at} of block {place}")

    def repair_value(self, name, table, chance):
        """Writes a damaged value at the end of its data file, and where it is into the index."""
        texts = self.base.texts if chance.random() < 0.5 else []
        place, key, value = chance.choice(texts or self.base.values)
        entry = Entry(value)
        file = self.base.data_file(entry.shard)
        data = self.files[file]
        payload = old = data[entry.offset:entry.offset + entry.size]
        if entry.dtype == STRING and entry.count:
            payload, checksum = self.damaged_strings(strings(payload, entry.count), chance)
        else:
            payload = damaged(payload, chance)
            checksum = masked_crc32c(payload)
        if payload == old:
            return
        self.files[file] = data + payload
        block = table.blocks[place]
        value = entry.moved(len(data), len(payload), checksum)
        entries = [(one, value if one == key else kept) for one, kept in block_entries(table.content(block))]
        self.files[name] = table.written(place, table.like(block, encoded(entries)))
        self.what.append(f"{file}: the value of {key!r}")
        self.has_other_graph = key == GRAPH

    @staticmethod
    def damaged_strings(texts, chance):
        at = chance.randrange(len(texts))
        texts[at] = damaged_message(texts[at], chance)
        lengths = [len(text) for text in texts]
        if chance.random() < 0.4:
            lengths[at] = chance.choice([*NUMBERS, lengths[at] + 1, max(lengths[at] - 1, 0)])
        return string_payload(texts, lengths)
