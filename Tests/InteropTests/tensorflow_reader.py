"""TensorFlow's view of checkpoints, for tests to compare with.

    python tensorflow_reader.py dump PREFIX
    python tensorflow_reader.py write PREFIX SPEC.json
    python tensorflow_reader.py serve

`dump` prints one JSON object that describes all tensors of a checkpoint:

    {"tensors": [{"name": "w", "dtype": "float32", "dtype_number": 1,
                  "shape": [2, 3], "sha256": "..."}, ...]}

in ascending byte order of the names. A name that is not UTF-8 stands under
"name_base64" instead. The digest is taken of the little-endian bytes in
row-major order, one byte an element for types of less than a byte. For
strings (and variants, as serialized VariantTensorDataProto) it is taken of
each element's length as 8 little-endian bytes followed by its bytes. A tensor
that TensorFlow lists but cannot restore has "error" instead of "sha256".

`write` saves the tensors of a list with one save operation, in the list's
order:

    [{"name": "w", "dtype": "float32", "shape": [2], "hex": "0000803f00000040",
      "slice": "4 0,2"},
     {"name": "s", "dtype": "string", "shape": [1], "strings_hex": ["6869"]}]

"slice" is optional; "shape" is then the shape of the slice. "dtype" is a name
or a number, and "name_base64" may stand for "name".

`serve` reads one command a line and answers one JSON object a line, so that
TensorFlow is loaded only once:

    {"cmd": "dump", "prefix": "/dir/ckpt"}
    {"cmd": "read", "prefix": "/dir/ckpt", "name": "w", "dtype": "float32",
     "slice": "4 0,2"}
    {"cmd": "write", "prefix": "/dir/ckpt", "tensors": [...]}
    {"cmd": "write_v1", "path": "/dir/ckpt", "tensors": [...]}
    {"cmd": "read_v1", "path": "/dir/ckpt-?????-of-00002", "tensors": [...]}
    {"cmd": "merge", "parts": ["/dir/a", "/dir/b"], "prefix": "/dir/ckpt"}
    {"cmd": "latest", "directory": "/dir"}
    {"cmd": "build_objects", "structure": "nested", "prefix": "/dir/ckpt"}
    {"cmd": "restore_objects", "structure": "nested", "prefix": "/dir/ckpt", "again": "/dir/copy"}
    {"cmd": "restore_variables", "prefix": "/dir/ckpt-1", "tensors": [...]}
    {"cmd": "save_keras", "directory": "/dir", "optimizer": "adam"}
    {"cmd": "load_keras", "directory": "/dir", "optimizer": "adam"}
    {"cmd": "run_manager", "directory": "/dir", "keep": 3, "hours": 2, "runs": [[0, 1, 2]]}
    {"cmd": "run_saver", "directory": "/dir", "keep": 3, "hours": 2, "times": [0, 1, 2]}
    {"cmd": "save_beside", "directory": "/dir", "count": 60}
    {"cmd": "saver_restore", "path": "/dir/m", "tensors": [...]}
    {"cmd": "saver_save", "prefix": "/dir/m", "version": 2, "sharded": true, "variables": [...]}
    {"cmd": "saver_save_partitioned", "prefix": "/dir/m", "version": 2, "count": 2, "axis": 0, ...}
    {"cmd": "saver_restore_partitioned", "path": "/dir/m", "count": 2, "axis": 0, ...}
    {"cmd": "saver_shards", "max_bytes": 64, "tensors": [...]}
    {"cmd": "version"}

`read` restores one tensor, or one slice of it, and answers with its bytes as
"hex" or "strings_hex" as well. `write_v1` saves one file of the older format.
`read_v1` answers as `dump`, for the tensors of a list of names and data types:
TensorFlow's list of such a file knows few types. `build_objects` saves objects of
tensorflow_objects.py; `restore_objects` restores them, asserts that the
checkpoint is consumed, and writes them again. `save_keras` and `load_keras` save and
restore models of tensorflow_keras.py, and answer with all their numbers. `run_manager` and `run_saver` save
with clocks of the caller's, `save_beside` beside somebody else, see tensorflow_managers.py; the other commands of savers
are those of tensorflow_savers.py. Whatever fails answers {"error": "..."}. Some
damaged files end the TensorFlow process itself; there is no answer then.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import struct
import sys
from typing import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.python.training.py_checkpoint_reader import CheckpointReader

import tensorflow_keras as keras
import tensorflow_managers as managers
import tensorflow_objects as objects
import tensorflow_savers as savers

Elements = bytes | list[bytes]
Listing = dict[bytes, tuple[tf.DType, list[int] | None]]

# The parts of a request


def slice_of(item: dict) -> str:
    """The slice of a request; negative sizes would end the process."""
    spec = item.get("slice", "")
    if any(field.startswith("-") for field in spec.split(" ")[:-1]):
        raise ValueError(f"a negative size in {spec!r}")
    return spec


def data_type(value: str | int) -> tf.DType:
    """The data type with a name such as "float32", or with a number."""
    return tf.dtypes.as_dtype(value)


def name_of(item: dict) -> bytes:
    """The tensor name of a request."""
    if "name_base64" in item:
        return base64.b64decode(item["name_base64"])
    return item["name"].encode()


def name_field(name: bytes) -> dict:
    """The tensor name as answers have it."""
    try:
        return {"name": name.decode()}
    except UnicodeDecodeError:
        return {"name_base64": base64.b64encode(name).decode()}


# Tensors and their bytes


def tensor_of(dtype: tf.DType, shape: list[int], elements: Elements) -> tf.Tensor:
    """A tensor of any data type from the bytes of its elements."""
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in shape:
        proto.tensor_shape.dim.add().size = size
    if dtype == tf.string:
        proto.string_val.extend(elements)
    elif dtype == tf.variant:
        for item in elements:
            proto.variant_val.add().ParseFromString(item)
    else:
        proto.tensor_content = elements
    check_size(dtype, shape, elements)
    return tf.io.parse_tensor(proto.SerializeToString(), dtype)


def check_size(dtype: tf.DType, shape: list[int], elements: Elements) -> None:
    """Refuse a request whose data do not fill its shape exactly."""
    count = 1
    for size in shape:
        count *= size
    unit = 1 if isinstance(elements, list) else dtype.size
    if len(elements) != count * unit:
        raise ValueError(f"{len(elements)} bytes or strings for shape {shape} of {dtype.name}")


def elements_of(tensor: tf.Tensor) -> Elements:
    """The bytes of the elements of a tensor of any data type."""
    if tensor.dtype == tf.string:
        return list(tf.reshape(tensor, [-1]).numpy())
    if tensor.dtype == tf.variant:
        return variant_elements(tensor)
    return tensor.numpy().tobytes()


def variant_elements(tensor: tf.Tensor) -> list[bytes]:
    """The serialized elements of a variant: all lengths come first, then the bytes."""
    proto = tensor_pb2.TensorProto.FromString(tf.io.serialize_tensor(tensor).numpy())
    content, at, sizes, items = proto.tensor_content, 0, [], []
    while len(sizes) < tensor.shape.num_elements():
        size, shift = 0, 0
        while True:
            size |= (content[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if content[at - 1] < 0x80:
                break
        sizes.append(size)
    for size in sizes:
        items.append(content[at : at + size])
        at += size
    return items


def digest(elements: Elements) -> str:
    """The SHA-256 of the elements, with lengths if they are byte strings."""
    if isinstance(elements, bytes):
        return hashlib.sha256(elements).hexdigest()
    parts = (struct.pack("<Q", len(item)) + item for item in elements)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def description(name: bytes, dtype: tf.DType, shape: list[int] | None) -> dict:
    """What every answer says about a tensor."""
    number = dtype.as_datatype_enum
    return {**name_field(name), "dtype": dtype.name, "dtype_number": number, "shape": shape}


# Listing

# The key of a slice: 00, the escaped name, 00 01, and the extents.
SLICE_KEY = re.compile(rb"\x00((?:[^\x00\xff]|\x00\xff|\xff\x00)+)\x00\x01", re.DOTALL)


def listing(prefix: str) -> Listing:
    """The names, data types and shapes of all tensors."""
    reader = tf.train.load_checkpoint(prefix)
    try:
        shapes = reader.get_variable_to_shape_map()
    except UnicodeDecodeError:
        return listing_of_bytes(reader)
    types = reader.get_variable_to_dtype_map()
    return {name.encode(): (types[name], list(shape)) for name, shape in shapes.items()}


def listing_of_bytes(reader: CheckpointReader) -> Listing:
    """The same if a name is not UTF-8, from the reader's text.

    The text has the slices in place of sliced tensors, whose shapes thus stay
    unknown here.
    """
    found: Listing = {}
    lines = re.findall(rb"(.*?) \((DT_\w+)\) \[([\d,]*)\]\n", reader.debug_string(), re.DOTALL)
    for name, dtype, text in lines:
        shape = [int(size) for size in text.split(b",") if size]
        if key := SLICE_KEY.match(name):
            name, shape = re.sub(rb"(\x00)\xff|(\xff)\x00", rb"\1\2", key[1]), None
        found[name] = (data_type(types_pb2.DataType.Value(dtype.decode())), shape)
    return found


# Commands


def restore(prefix: str, requests: list[tuple[bytes, str, tf.DType]]) -> list[tf.Tensor]:
    """Restore tensors or slices, given by name, slice and data type."""
    return tf.raw_ops.RestoreV2(
        prefix=prefix,
        tensor_names=[name for name, _, _ in requests],
        shape_and_slices=[spec for _, spec, _ in requests],
        dtypes=[dtype for _, _, dtype in requests],
    )


def restored(name: bytes, tensor: tf.Tensor) -> dict:
    """The description of a tensor with its digest."""
    shape = tensor.shape.as_list()
    return {**description(name, tensor.dtype, shape), "sha256": digest(elements_of(tensor))}


def dump(command: dict) -> dict:
    """Describe all tensors of a checkpoint."""
    prefix = command["prefix"]
    listed = sorted(listing(prefix).items())
    if not listed:
        return {"tensors": []}
    try:
        tensors = restore(prefix, [(name, "", dtype) for name, (dtype, _) in listed])
        return {"tensors": [restored(name, t) for (name, _), t in zip(listed, tensors)]}
    except Exception:  # also one about a message that is not UTF-8
        return {"tensors": [dump_one(prefix, name, *entry) for name, entry in listed]}


def dump_one(prefix: str, name: bytes, dtype: tf.DType, shape: list[int] | None) -> dict:
    """Describe one tensor, which may be one that cannot be restored."""
    try:
        return restored(name, restore(prefix, [(name, "", dtype)])[0])
    except Exception as error:
        return {**description(name, dtype, shape), "error": message(error)}


def read(command: dict) -> dict:
    """Restore one tensor or slice, with its bytes."""
    name, dtype = name_of(command), data_type(command["dtype"])
    (tensor,) = restore(command["prefix"], [(name, slice_of(command), dtype)])
    elements = elements_of(tensor)
    if isinstance(elements, bytes):
        return {**restored(name, tensor), "hex": elements.hex()}
    return {**restored(name, tensor), "strings_hex": [item.hex() for item in elements]}


def write(command: dict) -> dict:
    """Save a list of tensors with one operation, in order."""
    items = command["tensors"]
    names = [name_of(item) for item in items]
    if not all(names):
        raise ValueError("a tensor name cannot be empty")  # would end the process
    tf.raw_ops.SaveV2(
        prefix=command["prefix"],
        tensor_names=names,
        shape_and_slices=[slice_of(item) for item in items],
        tensors=[requested_tensor(item) for item in items],
    )
    return {"written": len(items)}


def write_v1(command: dict) -> dict:
    """Save a list of tensors into one file of the format V1, in order."""
    items = command["tensors"]
    tf.raw_ops.SaveSlices(
        filename=command["path"],
        tensor_names=[name_of(item) for item in items],
        shapes_and_slices=[slice_of(item) for item in items],
        data=[requested_tensor(item) for item in items],
    )
    return {"written": len(items)}


def read_v1(command: dict) -> dict:
    """Restore tensors, or slices of them, from files of the format V1."""
    requests = [
        (name_of(item), slice_of(item), data_type(item["dtype"])) for item in command["tensors"]
    ]
    tensors = restore(command["path"], requests)
    return {"tensors": [restored(name, t) for (name, _, _), t in zip(requests, tensors)]}


def requested_tensor(item: dict) -> tf.Tensor:
    """The tensor that one element of a list to write describes."""
    if "strings_hex" in item:
        elements = [bytes.fromhex(text) for text in item["strings_hex"]]
    else:
        elements = bytes.fromhex(item["hex"])
    return tensor_of(data_type(item["dtype"]), item["shape"], elements)


def merge(command: dict) -> dict:
    """Merge checkpoints into one of several shards."""
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=command["parts"],
        destination_prefix=command["prefix"],
        delete_old_dirs=command.get("delete_old_dirs", False),
    )
    return {"merged": len(command["parts"])}


def latest(command: dict) -> dict:
    """The newest checkpoint that a directory's state file names, or null."""
    return {"prefix": tf.train.latest_checkpoint(command["directory"])}


def requested_zeros(command: dict) -> dict[str, tf.Tensor]:
    """Tensors of the data types and shapes of a request, by name."""
    return {item["name"]: tf.zeros(item["shape"], item["dtype"]) for item in command["tensors"]}


def saver_restore(command: dict) -> dict:
    """Restore variables by a saver, as `read_v1` answers."""
    zeros = requested_zeros(command)
    tensors = savers.restore(command["path"], zeros)
    return {"tensors": [restored(name.encode(), tensors[name]) for name in zeros]}


def restore_variables(command: dict) -> dict:
    """Restore the variables of an object-based checkpoint, as `read_v1` answers."""
    zeros = requested_zeros(command)
    tensors, count = objects.restore_variables(command["prefix"], zeros)
    described = [restored(name.encode(), tensors[name]) for name in zeros]
    return {"tensors": described, "save_counter": count}


def saver_save(command: dict) -> dict:
    """Save variables by a saver of a graph."""
    values = {item["name"]: requested_tensor(item) for item in command["variables"]}
    return savers.save(command, values)


def saver_save_partitioned(command: dict) -> dict:
    """Save one partitioned variable."""
    return savers.save_partitioned(command, requested_tensor(command))


def saver_restore_partitioned(command: dict) -> dict:
    """Restore one partitioned variable, as `read_v1` answers."""
    tensor = savers.restore_partitioned(command, data_type(command["dtype"]))
    return {"tensors": [restored(command["name"].encode(), tensor)]}


def version(command: dict) -> dict:
    """The version of TensorFlow."""
    return {"version": tf.__version__}


COMMANDS: dict[str, Callable[[dict], dict]] = {
    function.__name__: function
    for function in (
        *(dump, read, write, write_v1, read_v1, merge, latest, version),
        *(saver_restore, saver_save, saver_save_partitioned, saver_restore_partitioned),
        restore_variables,
    )
} | {
    "build_objects": objects.build,
    "build_sharded_objects": objects.save_sharded,
    "restore_objects": objects.restore,
    "save_keras": keras.save,
    "load_keras": keras.load,
    "run_manager": managers.run_manager,
    "run_saver": managers.run_saver,
    "save_beside": managers.save_beside,
    "saver_shards": savers.shards,
    "save_table": savers.save_table,
    "restore_table": savers.restore_table,
}


def message(error: BaseException) -> str:
    """The text of an error, never empty."""
    return getattr(error, "message", None) or str(error) or type(error).__name__


def answer(command: dict) -> dict:
    """Run one command; whatever fails becomes an error answer."""
    try:
        return COMMANDS[command["cmd"]](command)
    except KeyError as error:
        return {"error": f"unknown command or missing field {error}"}
    except Exception as error:
        return {"error": message(error)}


def answer_line(line: str) -> dict:
    """Run the command on one line of input."""
    try:
        return answer(json.loads(line))
    except ValueError as error:
        return {"error": f"not JSON: {error}"}


def serve() -> None:
    """Answer one line for each line of input."""
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer_line(line)), flush=True)


def main(arguments: list[str]) -> int:
    """Run one command of the command line; 1 if it failed, 2 if it is unknown."""
    match arguments:
        case ["serve"]:
            serve()
            return 0
        case ["dump", prefix]:
            result = answer({"cmd": "dump", "prefix": prefix})
        case ["write", prefix, spec]:
            with open(spec, encoding="utf-8") as file:
                tensors = json.load(file)
            result = answer({"cmd": "write", "prefix": prefix, "tensors": tensors})
        case _:
            print("usage: tensorflow_reader.py dump PREFIX | write PREFIX SPEC.json | serve")
            return 2
    print(json.dumps(result))
    return 1 if "error" in result else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
