import CheckpointIO
import CheckpointSlices
import CheckpointTable
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire

/// Files of V1 put together by hand, with mistakes that no writer makes.
struct SlicesAssembler {
  /// The message of the list of tensors; fields are appended.
  var meta = ByteWriter()
  /// The record of the empty key as a whole, if it is to be another.
  var metaRecord: [UInt8]?
  private var records: [(key: TensorKey, value: [UInt8])] = []

  init(version: [UInt8] = [0x08, 0x01]) { meta.write(2, message: version) }

  /// Lists a tensor.
  mutating func list(
    _ name: String, _ dtype: Int32 = 1, shape: [Int64] = [2], slices: [[UInt8]] = [[0x0A, 0x00]]
  ) {
    var tensor = ByteWriter()
    tensor.write(1, string: name)
    var dimensions = ByteWriter()
    for size in shape {
      var dimension = ByteWriter()
      dimension.write(1, signed: size)
      dimensions.write(2, message: dimension.bytes)
    }
    tensor.write(2, message: dimensions.bytes)
    tensor.write(3, signed: Int64(dtype))
    for slice in slices { tensor.write(4, message: slice) }
    meta.write(1, message: tensor.bytes)
  }

  /// Adds a record under the key of a slice.
  mutating func add(
    _ name: String, _ slice: TensorSlice = .all(rank: 1),
    says: (name: String, slice: TensorSlice)? = nil, values: [UInt8]
  ) {
    var data = ByteWriter()
    data.write(1, string: says?.name ?? name)
    data.write(2, message: message(of: says?.slice ?? slice))
    data.write(3, message: values)
    var record = ByteWriter()
    record.write(2, message: data.bytes)
    add(TensorKey(name).sliceKey(slice), record.bytes)
  }

  /// Adds any record.
  mutating func add(_ key: TensorKey, _ value: [UInt8]) { records.append((key, value)) }

  /// The bytes of the file.
  func file() throws -> [UInt8] {
    var record = ByteWriter()
    record.write(1, message: meta.bytes)
    let first = metaRecord ?? record.bytes
    let records = records.sorted { $0.key < $1.key }
    return try TableWriter.bytes { table throws(CheckpointError) in
      let none: [UInt8] = []
      try table.add(none.span, first.span)
      for (key, value) in records { try table.add(key.bytes.span, value.span) }
    }
  }

  /// The file, opened.
  func reader() throws -> SlicesReader {
    let directory = try TemporaryDirectory()
    try directory.write(file(), to: "v1")
    return try SlicesReader(path: directory.path("v1"))
  }
}

/// The message of a slice.
func message(of slice: TensorSlice) -> [UInt8] {
  var writer = ByteWriter()
  slice.write(to: &writer)
  return writer.bytes
}

/// The message of a slice of one dimension, with numbers that need not make sense.
func extent(_ start: Int64, _ length: Int64) -> [UInt8] {
  var extent = ByteWriter()
  extent.write(1, signed: start)
  extent.write(2, signed: length)
  var writer = ByteWriter()
  writer.write(1, message: extent.bytes)
  return writer.bytes
}

/// What of an error is the same in every run: the path is a temporary one.
func problem(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch let error as CheckpointError {
    let key = error.key.map { "\($0): " } ?? ""
    return "\(key)\(error.message) (\(error.code))"
  } catch {
    return "\(error)"
  }
}
