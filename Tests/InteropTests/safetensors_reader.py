"""The safetensors package's view of files, for tests to compare with.

    python safetensors_reader.py dump FILE
    python safetensors_reader.py write FILE < SPEC.json

`dump` prints one JSON object that describes all tensors of a file, in ascending byte order of the
names, and its metadata:

    {"metadata": {}, "tensors": [{"name": "w", "dtype": "F32", "shape": [2], "sha256": "..."}]}

`write` saves the tensors of a list, given in any order:

    {"metadata": {"format": "pt"},
     "tensors": [{"name": "w", "dtype": "float32", "shape": [2], "hex": "0000803f00000040"}]}

"dtype" is the package's name there. Without "metadata" none is written.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import sys

from safetensors import TensorSpec, deserialize, serialize_file


def dump(path: str) -> dict:
    """What the package reads from a file."""
    with open(path, "rb") as file:
        content = file.read()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tensors = [
        {
            "name": name,
            "dtype": value["dtype"],
            "shape": value["shape"],
            "sha256": hashlib.sha256(value["data"]).hexdigest(),
        }
        for name, value in deserialize(content)
    ]
    tensors.sort(key=lambda tensor: tensor["name"].encode())
    return {"metadata": header.get("__metadata__", {}), "tensors": tensors}


def write(path: str, request: dict) -> dict:
    """Lets the package save tensors."""
    buffers, specs = [], {}
    for tensor in request["tensors"]:
        content = bytes.fromhex(tensor["hex"])
        buffer = ctypes.create_string_buffer(content, max(1, len(content)))
        buffers.append(buffer)  # alive until it is written
        specs[tensor["name"]] = TensorSpec(
            dtype=tensor["dtype"],
            shape=tensor["shape"],
            data_ptr=ctypes.addressof(buffer),
            data_len=len(content),
        )
    serialize_file(specs, path, metadata=request.get("metadata"))
    return {}


def main() -> None:
    command, path = sys.argv[1:]
    answer = dump(path) if command == "dump" else write(path, json.load(sys.stdin))
    print(json.dumps(answer))


main()
