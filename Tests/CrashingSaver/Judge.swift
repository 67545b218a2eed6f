import CheckpointStore
import CheckpointIO
import CheckpointTensors
import Checkpoints
import Foundation

/// Says what others have left: one question a line, and one answer a line, which begins with `> `.
///
///     value PATH        the value of all elements of all tensors: 2, none, mixed 1 2, or the error
///     latest DIRECTORY  the same of the newest checkpoint there
///     audit DIRECTORY   what lies there and belongs to no checkpoint: none, or names
///     save PREFIX VALUE SHARDS HOW
///                       saved, or the error
enum Judge {
  static func run() {
    while let line = readLine() {
      print("> " + answer(line.split(separator: "\t").map(String.init)))
      fflush(nil)
    }
  }

  private static func answer(_ words: [String]) -> String {
    do {
      switch words.first {
      case "value": return try value(words[1])
      case "latest": return try latest(words[1])
      case "audit": return try audit(words[1])
      case "save":
        try CrashingSaver.save(Array(words.dropFirst()), SaveOptions())
        return "saved"
      default: return "no such question"
      }
    } catch {
      return "\(error)".replacing("\n", with: " | ")
    }
  }

  private static func latest(_ directory: String) throws -> String {
    guard let path = try CheckpointDirectory(directory).latest() else { return "none" }
    return try value(path)
  }

  private static func value(_ path: String) throws -> String {
    guard try CheckpointReader.format(at: path) != nil else { return "none" }
    let reader = try CheckpointReader(path)
    var values: Set<Float> = []
    for entry in try reader.entries() where entry.spec.dtype == .float32 {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    let texts = values.sorted().map { "\(Int($0))" }
    return texts.count == 1 ? texts[0] : "mixed " + texts.joined(separator: " ")
  }

  private static func audit(_ directory: String) throws -> String {
    let audit = try CheckpointDirectory.Audit(of: directory, checking: .everything)
    let expected: Set<CheckpointDirectory.AuditedFile.Kind> = [.complete, .record]
    let others = audit.files.filter { !expected.contains($0.kind) }
    return others.isEmpty ? "none" : others.map(\.description).joined(separator: ", ")
  }
}
