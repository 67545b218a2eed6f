import CheckpointTestSupport
import Foundation
import Testing

@Suite struct LegacyRestoreTests {
  @Test func `three legacy checkpoints answer as in TensorFlow`() throws {
    let run = try ChildProcess.run("legacy-restore", [])
    #expect(run.status == 0)
    #expect(run.errors == "")
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count { $0.hasSuffix("as in TensorFlow") } == 3)
    #expect(lines.contains("  format v1"))
    #expect(lines.contains("  5 variables restored by name, at step 100"))
    #expect(lines.contains("  ranker/embedding float32[10, 4] in 3 parts"))
    #expect(lines.contains(#"  [.prefix("ranker/", to: "model/")] is proposed"#))
    #expect(lines.contains(#"  9 variables restored through [.prefix("ranker/", to: "model/")]"#))
    #expect(lines.contains("  hidden/kernel is layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE"))
    #expect(lines.contains { $0.hasPrefix("  warning: ") && $0.contains("is object-based") })
    #expect(lines.contains("  restored, at step 300"))
    #expect(lines.last == "All three answer as they did in TensorFlow.")
  }

  @Test func `a wrong value, or a missing file, ends it with an error`() throws {
    let directory = try TemporaryDirectory()
    let data = directory.path("Data")
    try FileManager.default.copyItem(
      at: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/LegacyRestore/Data"),
      to: URL(filePath: data))
    let answers = URL(filePath: data).appending(path: "answers.json")
    let text = try String(contentsOf: answers, encoding: .utf8)
    try text.replacing("0.91137", with: "0.91147").write(
      to: answers, atomically: true, encoding: .utf8)
    let wrong = try ChildProcess.run("legacy-restore", [data])
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("where TensorFlow's is [1.0826644, 0.9200652, 0.91147"))

    try FileManager.default.removeItem(atPath: "\(data)/v1/model.ckpt-100")
    let missing = try ChildProcess.run("legacy-restore", [data])
    #expect(missing.status == 1)
    #expect(missing.errors.hasPrefix("\(data)/v1/model.ckpt-100: "))
  }
}
