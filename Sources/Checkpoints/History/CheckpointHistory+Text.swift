package import CheckpointIO
import Foundation

// The file's text, a line for each checkpoint:
//
//   {"crc32c":"5e1f3a90","history":{"checkpoints":[
//   {"name":"ckpt-7","step":7,"time":1700000000.5,"metrics":{"loss":0.25},"pinned":false,…},
//   …
//   ],"highest":8,"last_preserved":…,"saving":[…],"since":…,"version":1}}
//
// The checksum is that of the history without the white space between its parts, so an editor may lay the text out
// in another way.

extension CheckpointHistory {
  /// The text of the file.
  package var text: [UInt8] {
    var writer = HistoryWriter()
    writer.write(self)
    return writer.text
  }

  /// Reads the text of a file.
  ///
  /// - Throws: `corrupt` for any other text; `unsupported` for one of a later version.
  package init(text: [UInt8]) throws(CheckpointError) {
    let (history, expected) = try Self.unchecked(text: text)
    guard let found = HistoryWriter.checksum(ofText: text) else { throw Self.isNone }
    guard found == expected else {
      throw CheckpointError(
        .corrupt, "the checksum of the history is \(found), expected \(expected)")
    }
    self = history
  }

  /// What a text says, whatever its checksum, and the checksum that it has.
  ///
  /// - Throws: `corrupt` for any other text; `unsupported` for one of a later version.
  package static func unchecked(text: [UInt8]) throws(CheckpointError) -> (
    history: CheckpointHistory, checksum: String
  ) {
    let data = Data(text)
    if let envelope = try? decoder.decode(Envelope.self, from: data) {
      try check(version: envelope.history.version)
      return (envelope.history, envelope.crc32c)
    }
    guard let version = try? decoder.decode(Version.self, from: data).history.version else {
      throw isNone
    }
    try check(version: version)
    throw isNone
  }

  private static func check(version: Int) throws(CheckpointError) {
    guard version > currentVersion else { return }
    throw CheckpointError(
      .unsupported,
      "this history is of version \(version), this library knows \(currentVersion); update the library"
    )
  }

  private static let isNone = CheckpointError(.corrupt, "this is no history of checkpoints")

  /// Whether a text is a history, damaged or not, or the beginning of one.
  package static func mayBe(_ text: [UInt8]) -> Bool {
    let beginning = "{\"crc32c\":"
    // A few bytes tell, however long the text is.
    let dense = Array(text.lazy.filter { !$0.isJSONSpace }.prefix(beginning.utf8.count))
    guard !dense.elementsEqual(beginning.utf8) else { return true }
    return TornText.mayBegin(text.filter { !$0.isJSONSpace }, with: beginning)
  }

  private struct Envelope: Decodable {
    var crc32c: String
    var history: CheckpointHistory
  }

  private struct Version: Decodable {
    struct Content: Decodable { var version: Int }
    var history: Content
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}

/// A history's text being written.
private struct HistoryWriter {
  private var json = JSONText()
  private var checksum = CRC32C()
  private var checkedCount = 0

  private static let opening = "{\"crc32c\":\""
  private static let middle = "\",\"history\":"
  private static let digitCount = 8

  /// The whole file.
  var text: [UInt8] {
    var bytes = Array("\(Self.opening)\(Self.digits(checksum))\(Self.middle)".utf8)
    bytes.reserveCapacity(bytes.count + json.bytes.count + 2)
    bytes += json.bytes
    bytes += "}\n".utf8
    return bytes
  }

  mutating func write(_ history: CheckpointHistory) {
    json.append("{\"checkpoints\":[")
    for (index, entry) in history.checkpoints.enumerated() {
      if index > 0 { json.append(",") }
      breakLine()
      write(entry)
    }
    if !history.checkpoints.isEmpty { breakLine() }
    json.append("],\"highest\":\(history.highest)")
    write("last_preserved", history.lastPreserved)
    json.append(",\"saving\":[")
    for (index, pending) in history.saving.enumerated() {
      json.append(index > 0 ? ",{\"entry\":" : "{\"entry\":")
      write(pending.entry)
      if let index = pending.replacedIndex { json.append(",\"replaced_index\":\(index)") }
      json.append("}")
    }
    json.append("]")
    write("since", history.since)
    json.append(",\"version\":\(CheckpointHistory.currentVersion)}")
    addToChecksum()
  }

  private mutating func write(_ entry: CheckpointHistory.Entry) {
    json.append("{\"name\":")
    json.append(string: entry.name.utf8)
    if let step = entry.step { json.append(",\"step\":\(step)") }
    write("time", entry.time)
    json.append(",\"metrics\":{")
    if !entry.metrics.isEmpty {
      json.append(entry.metrics.sorted { $0.key < $1.key }, separator: ",") { json, metric in
        json.append(string: metric.key.utf8)
        json.append(":\(Self.text(metric.value))")
      }
    }
    json.append(entry.isPinned ? "},\"pinned\":true" : "},\"pinned\":false")
    json.append(entry.isPreserved ? ",\"preserved\":true" : ",\"preserved\":false")
    json.append(entry.isDamaged ? ",\"damaged\":true}" : ",\"damaged\":false}")
  }

  private mutating func write(_ name: String, _ number: Double?) {
    guard let number else { return }
    json.append(",\"")
    json.append(name)
    json.append("\":")
    json.append(Self.text(number))
  }

  // JSON has no infinite numbers and no NaN: they are written as strings.
  private static func text(_ number: Double) -> String {
    if number.isFinite { return number.description }
    return number.isNaN ? "\"nan\"" : number > 0 ? "\"inf\"" : "\"-inf\""
  }

  // MARK: The checksum

  // The line feed is not part of the checksum.
  private mutating func breakLine() {
    addToChecksum()
    json.append("\n")
    checkedCount += 1
  }

  private mutating func addToChecksum() {
    (checksum, checkedCount) = (checksumSoFar, json.bytes.count)
  }

  // The checksum of all that has been written.
  private var checksumSoFar: CRC32C {
    var checksum = checksum
    let new = json.bytes.span.extracting(checkedCount...)
    unsafe checksum.update(new.bytes)  // an array's bytes are initialized
    return checksum
  }

  private static func digits(_ checksum: CRC32C) -> String {
    let digits = String(checksum.value, radix: 16)
    return String(repeating: "0", count: digitCount - digits.utf8.count) + digits
  }

  /// The checksum of the history in a text, which is JSON; `nil` if it does not stand where it is written.
  static func checksum(ofText text: [UInt8]) -> String? {
    let dense = denseJSON(text)
    let begin = opening.utf8.count + digitCount
    guard dense.starts(with: opening.utf8), dense.count > begin + middle.utf8.count,
      dense[begin...].starts(with: middle.utf8)
    else { return nil }
    let history = dense.span.extracting((begin + middle.utf8.count)..<(dense.count - 1))
    return unsafe digits(CRC32C(of: history.bytes))  // an array's bytes are initialized
  }

  // JSON without the white space between its parts.
  private static func denseJSON(_ text: [UInt8]) -> [UInt8] {
    var dense: [UInt8] = []
    dense.reserveCapacity(text.count)
    var (isString, isEscaped) = (false, false)
    for byte in text {
      if isString {
        isString = isEscaped || byte != UInt8(ascii: "\"")
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      } else if byte.isJSONSpace {
        continue
      } else {
        isString = byte == UInt8(ascii: "\"")
      }
      dense.append(byte)
    }
    return dense
  }
}

extension UInt8 {
  fileprivate var isJSONSpace: Bool { [0x20, 0x0A, 0x0D, 0x09].contains(self) }
}
