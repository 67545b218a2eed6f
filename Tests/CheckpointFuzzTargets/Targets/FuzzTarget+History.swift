import CheckpointIO
import CheckpointStore
import Checkpoints
import Foundation

extension FuzzTarget {
  /// The history of a manager: what it says, whatever its checksum, is written and read again.
  package static let history = FuzzTarget("history", mostBytes: 2048, seeds: FuzzSeeds.histories) {
    bytes in
    let data = Data(bytes)
    if let history = try? decoder.decode(Envelope.self, from: data).history,
      try decoder.decode(Version.self, from: data).history.version <= 1
    {
      let text = history.text
      let copy = try promised("a written history is read") { try CheckpointHistory(text: text) }
      try promise(copy.text == text, "a history is read as another one")
      try promise(CheckpointHistory.mayBe(text), "a history is taken for something else")
    }
    _ = CheckpointHistory.mayBe(bytes)
    _ = try CheckpointHistory(text: bytes)
  }

  private struct Envelope: Decodable { var history: CheckpointHistory }

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
