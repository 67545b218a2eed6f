import Checkpoints
import Foundation

/// The bytes of NumPy's archives: what the sample of a format of one's own stands on.
enum NPZ {
  static let types: [DType: String] = [
    .float32: "<f4", .float64: "<f8", .int64: "<i8", .int32: "<i4", .uint8: "|u1", .bool: "|b1",
  ]

  /// The arrays of an archive, by its central directory.
  static func members(of bytes: [UInt8], _ path: String) throws -> [(
    key: TensorKey, spec: TensorSpec, values: Range<Int>
  )] {
    let zip = Bytes(bytes: bytes, path: path)
    guard let end = zip.lastIndex(of: 0x0605_4b50) else { throw zip.error("no zip file") }
    var place = try zip.number(end + 16, 4)
    return try (0..<zip.number(end + 10, 2)).map { _ in
      guard try zip.number(place + 10, 2) == 0 else { throw zip.error("a compressed array") }
      let (nameCount, count) = (try zip.number(place + 28, 2), try zip.number(place + 24, 4))
      let name = try zip.text(place + 46, nameCount)
      let local = try zip.number(place + 42, 4)
      let start = try local + 30 + zip.number(local + 26, 2) + zip.number(local + 28, 2)
      place += try 46 + nameCount + zip.number(place + 30, 2) + zip.number(place + 32, 2)
      let headerCount = try zip.number(start + 8, 2)
      let values = start + 10 + headerCount..<start + count
      let header = try zip.text(start + 10, headerCount)
      guard let spec = spec(header), values.upperBound <= bytes.count else {
        throw zip.error("an array that is not read here: \(header)")
      }
      return (TensorKey(name.replacing(".npy", with: "")), spec, values)
    }
  }

  private static func spec(_ header: String) -> TensorSpec? {
    guard header.contains("'fortran_order': False"),
      let type = header.firstMatch(of: /'descr': '([^']+)'/)?.1,
      let dtype = types.first(where: { $0.value == type })?.key,
      let shape = header.firstMatch(of: /'shape': \(([0-9, ]*)\)/)?.1
    else { return nil }
    let dimensions = shape.split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    return TensorSpec(dtype, TensorShape(dimensions))
  }

  private struct Bytes {
    let bytes: [UInt8]
    let path: String

    func error(_ what: String) -> CheckpointError {
      CheckpointError(.unsupported, "\(what); only stored arrays are read", file: path)
    }

    func number(_ start: Int, _ count: Int) throws -> Int {
      guard start >= 0, start + count <= bytes.count else { throw error("a file that is cut") }
      return bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    func text(_ start: Int, _ count: Int) throws -> String {
      guard start >= 0, start + count <= bytes.count else { throw error("a file that is cut") }
      return String(decoding: bytes[start..<start + count], as: UTF8.self)
    }

    func lastIndex(of signature: Int) -> Int? {
      (0...max(0, bytes.count - 22)).reversed().first { (try? number($0, 4)) == signature }
    }
  }

  /// An archive being put together.
  struct Archive {
    private var files: [UInt8] = []
    private var directory: [UInt8] = []
    private var count = 0

    mutating func add(_ name: String, _ content: [UInt8]) {
      let offset = files.count
      let middle =
        Self.number(Int(Self.checksum(content)), 4) + Self.number(content.count, 4)
        + Self.number(content.count, 4) + Self.number(name.utf8.count, 2)
      let times = Self.number(0, 2) + Self.number(0, 2) + Self.number(0, 2) + Self.number(0x21, 2)
      let start = Self.number(20, 2) + times
      files += Self.number(0x0403_4b50, 4) + start + middle + Self.number(0, 2) + name.utf8
      files += content
      directory += Self.number(0x0201_4b50, 4) + Self.number(20, 2) + start + middle
      directory += Self.number(0, 2) + Self.number(0, 2) + Self.number(0, 2) + Self.number(0, 2)
      directory += Self.number(0, 4) + Self.number(offset, 4) + name.utf8
      count += 1
    }

    func finished() -> [UInt8] {
      files + directory + Self.number(0x0605_4b50, 4) + Self.number(0, 4)
        + Self.number(count, 2) + Self.number(count, 2) + Self.number(directory.count, 4)
        + Self.number(files.count, 4) + Self.number(0, 2)
    }

    private static func number(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
      ~bytes.reduce(~0 as UInt32) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
          sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1
        }
      }
    }
  }
}
