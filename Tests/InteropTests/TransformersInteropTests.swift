import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that rule sets make of TensorFlow 1 checkpoints what Hugging Face's transformers makes of them, bit
/// for bit, and lead back to what was stored.
@Suite(
  .enabled(if: Transformers.isInstalled, "transformers, torch and TensorFlow are not installed"))
struct TransformersInteropTests {
  @Test func `rule sets make what transformers loads, and lead back`() throws {
    let directory = try TemporaryDirectory("transformers")
    let made = try Transformers.ask(Made.self, "make", directory.path)
    #expect(made.count > 7)
    for (name, architecture) in made {
      let (source, torch) = (
        directory.path("\(name)/model.ckpt"), directory.path("\(name)/model.safetensors")
      )
      try convert(source, to: torch, architecture.ruleSet)
      let back = directory.path("\(name)/back")
      try convert(torch, to: back, architecture.back)
      try expectSame(source, back, except: architecture.dropped, name)
    }
    let answer = try Transformers.ask(Compared.self, "compare", directory.path)
    #expect(answer.keys.sorted() == made.keys.sorted())
    for (name, comparison) in answer {
      #expect(comparison.compared > 20, "\(name)")
      #expect(comparison.different == [], "\(name)")
      #expect(comparison.unexpected == [], "\(name)")
    }
  }

  private func convert(_ source: String, to target: String, _ ruleSet: String) throws {
    var options = CheckpointConversion.Options()
    options.mapping = try KeyMapping(named: ruleSet)
    try CheckpointConversion(from: source, to: target, options: options).run()
  }

  private func expectSame(
    _ source: String, _ back: String, except dropped: [String], _ name: String
  ) throws {
    let (stored, returned) = (try CheckpointReader(source), try CheckpointReader(back))
    let dropped = Set(dropped.map { TensorKey($0) })
    let kept = try stored.entries().map(\.key).filter { !dropped.contains($0) }
    #expect(try returned.entries().map(\.key) == kept, "\(name)")
    for key in kept {
      #expect(try returned.tensor(for: key) == stored.tensor(for: key), "\(name): \(key)")
    }
  }

  private typealias Made = [String: Architecture]
  private struct Architecture: Decodable {
    let ruleSet: String
    let back: String
    let dropped: [String]

    private enum CodingKeys: String, CodingKey { case ruleSet = "rule_set", back, dropped }
  }

  private typealias Compared = [String: Comparison]
  private struct Comparison: Decodable {
    let compared: Int
    let different: [String]
    let unexpected: [String]
  }
}

/// Hugging Face's transformers, with torch and TensorFlow.
///
/// It is looked for with the same Python as TensorFlow.
enum Transformers {
  static let isInstalled: Bool = {
    let find =
      "import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in "
      + "['transformers', 'torch', 'tensorflow', 'safetensors']))"
    return (try? ChildProcess.run("/usr/bin/env", [TensorFlow.python, "-c", find]))?.status == 0
  }()

  /// Lets a script beside this file do one thing in a directory.
  static func ask<Answer: Decodable>(
    _: Answer.Type, _ command: String, _ directory: String,
    script: String = "transformers_judge.py"
  ) throws -> Answer {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent(script).path
    let run = try ChildProcess.run(
      "/usr/bin/env", [TensorFlow.python, "-B", path, command, directory])
    guard run.status == 0 else { throw TensorFlow.Failure(text: String(run.errors.suffix(2000))) }
    return try JSONDecoder().decode(Answer.self, from: Data(run.outputBytes))
  }
}
