import CheckpointBundle
import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointTestSupport
import CheckpointWire

/// An entry with fields of the test's choice, which need not make sense.
struct StoredFields {
  var dtype: Int64 = 1
  var dimensions: [Int64] = []
  var shard: Int64 = 0
  var offset: Int64 = 0
  var size: Int64 = 4
  /// Masked; `nil` leaves it out.
  var checksum: UInt32?
  var slices: [[UInt8]] = []

  /// The message.
  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.write(1, signed: dtype)
    var shape = ByteWriter()
    for dimension in dimensions {
      var field = ByteWriter()
      field.write(1, signed: dimension)
      shape.write(2, message: field.bytes)
    }
    writer.write(2, message: shape.bytes)
    writer.write(3, signed: shard)
    writer.write(4, signed: offset)
    writer.write(5, signed: size)
    if let checksum { writer.write(6, fixed32: checksum) }
    for slice in slices { writer.write(7, message: slice) }
    return writer.bytes
  }
}

/// The bytes of a slice's message.
func sliceMessage(_ text: String) throws -> [UInt8] {
  let dimensions = text.split(separator: ":").map { _ in 1 << 40 }
  let sizes = dimensions.map { $0 == 1 << 40 && dimensions.count > 1 ? "1000" : "\($0)" }
  let spec = try TensorSlice.Part(sizes.joined(separator: " ") + " " + text)
  var writer = ByteWriter()
  spec.slice.write(to: &writer)
  return writer.bytes
}

func maskedCRC(_ bytes: [UInt8]) -> UInt32 { unsafe CRC32C(of: bytes.span.bytes).masked }

/// A bundle put together by hand, at `/run/m`.
struct BundleAssembler {
  static let oneShard: [UInt8] = [0x08, 1, 0x1A, 2, 0x08, 1]
  var header: [UInt8]? = oneShard
  var entries: [(key: [UInt8], value: [UInt8])] = []
  var data: [String: [UInt8]] = ["00000-of-00001": Array(0..<64)]

  /// A bundle of one tensor, `w`.
  init(_ fields: StoredFields? = nil) {
    if let fields { entries = [(Array("w".utf8), fields.bytes)] }
  }

  /// A tensor of numbers with the right checksum, at an offset of the data.
  mutating func add(_ key: [UInt8], _ fields: StoredFields) {
    entries.append((key, fields.bytes))
  }

  /// The file system with the files.
  func system() throws -> MemoryFileSystem {
    let entries = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let table = try TableWriter.bytes { writer throws(CheckpointError) in
      let none: [UInt8] = []
      if let header { try writer.add(none.span, header.span) }
      for (key, value) in entries { try writer.add(key.span, value.span) }
    }
    var image = MemoryFileSystem.Image()
    image.files["/run/m.index"] = table
    for (name, bytes) in data { image.files["/run/m.data-\(name)"] = bytes }
    return MemoryFileSystem(image)
  }

  /// What goes wrong when the bundle is opened and listed; `nil` if nothing does.
  func listingProblem() throws -> String? {
    let system = try system()
    return problem { () throws(CheckpointError) in
      _ = try BundleReader(prefix: "/run/m", fileSystem: system).entries()
    }
  }

  /// What goes wrong when a tensor of an opened bundle is read; `nil` if nothing does.
  func readingProblem(_ key: TensorKey = "w", slice: TensorSlice? = nil) throws -> String? {
    let reader = try BundleReader(prefix: "/run/m", fileSystem: system())
    return problem { () throws(CheckpointError) in _ = try reader.tensor(for: key, slice: slice) }
  }
}

/// The description of the error that `body` throws; `nil` if it throws none.
func problem(_ body: () throws(CheckpointError) -> Void) -> String? {
  do throws(CheckpointError) {
    try body()
    return nil
  } catch {
    return error.description
  }
}
