import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that rule sets make of TensorFlow 1 checkpoints what PyTorch's models need, and lead back to what was
/// stored.
@Suite(
  .enabled(if: RuleSetJudge.isInstalled, "transformers, torch and TensorFlow are not installed"),
  .serialized)
struct RuleSetInteropTests {
  /// Hugging Face's transformers loads such checkpoints itself.
  @Test func `rule sets for texts make what transformers loads, bit for bit`() throws {
    let directory = try TemporaryDirectory("transformers")
    let judge = RuleSetJudge(script: "transformers_judge.py")
    let names = try judge.convertAll(in: directory)
    let answer = try judge.ask([String: Loaded].self, "compare", directory.path)
    #expect(answer.keys.sorted() == names)
    for (name, loaded) in answer {
      #expect(loaded.compared > 20, "\(name)")
      #expect(loaded.different == [], "\(name)")
      #expect(loaded.unexpected == [], "\(name)")
    }
  }

  private struct Loaded: Decodable {
    let compared: Int
    let different: [String]
    let unexpected: [String]
  }

  @Test func `models for pictures answer in PyTorch as they do in TensorFlow`() throws {
    let directory = try TemporaryDirectory("forward")
    let judge = RuleSetJudge(script: "forward_judge.py")
    let names = try judge.convertAll(in: directory)
    let answer = try judge.ask([String: Passed].self, "compare", directory.path)
    #expect(answer.keys.sorted() == names)
    for (name, passed) in answer {
      #expect(passed.compared > 10, "\(name)")
      #expect(passed.sensitivity > 0.01, "\(name): does not see the picture")
      #expect(passed.difference < 1e-5, "\(name)")
      #expect(passed.missing == [], "\(name)")
      #expect(passed.unexpected == [], "\(name)")
    }
  }

  private struct Passed: Decodable {
    let compared: Int
    let sensitivity: Double
    let difference: Double
    let missing: [String]
    let unexpected: [String]
  }
}

/// PyTorch with Hugging Face's transformers, and TensorFlow: scripts beside this file ask them.
///
/// They are looked for with the same Python as TensorFlow.
struct RuleSetJudge {
  let script: String

  static let isInstalled: Bool = {
    let find =
      "import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in "
      + "['transformers', 'torch', 'tensorflow', 'safetensors']))"
    return (try? ChildProcess.run("/usr/bin/env", [TensorFlow.python, "-c", find]))?.status == 0
  }()

  /// Lets the script make checkpoints, and makes `model.safetensors` of each by its rule set; the way back
  /// gives all that is kept.
  func convertAll(in directory: TemporaryDirectory) throws -> [String] {
    let made = try ask([String: Architecture].self, "make", directory.path)
    for (name, architecture) in made {
      let source = directory.path("\(name)/model.ckpt")
      let torch = directory.path("\(name)/model.safetensors")
      let back = directory.path("\(name)/back")
      try convert(source, to: torch, architecture.ruleSet)
      try convert(torch, to: back, architecture.back)
      try expectSame(source, back, except: architecture.dropped, name)
    }
    return made.keys.sorted()
  }

  /// Lets the script do one thing in a directory.
  func ask<Answer: Decodable>(_: Answer.Type, _ command: String, _ directory: String) throws
    -> Answer
  {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent(script).path
    let run = try ChildProcess.run(
      "/usr/bin/env", [TensorFlow.python, "-B", path, command, directory])
    guard run.status == 0 else { throw TensorFlow.Failure(text: String(run.errors.suffix(2000))) }
    return try JSONDecoder().decode(Answer.self, from: Data(run.outputBytes))
  }

  private struct Architecture: Decodable {
    let ruleSet: String
    let back: String
    let dropped: [String]

    private enum CodingKeys: String, CodingKey { case ruleSet = "rule_set", back, dropped }
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
}
