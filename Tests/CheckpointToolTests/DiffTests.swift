import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves what `diff` says tensor by tensor; `LayerTests` has `--layers`, and `ComparisonTests` what is compared.
@Suite struct DiffTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("diff") }

  private func save(_ name: String, _ tensors: [(String, AnyTensor)]) throws -> String {
    try directory.save(tensors, to: name)
  }

  private static let tensors = [("a", floats(1)), ("b", floats(2)), ("c", floats(3))]

  // Two checkpoints, of which the second one has another `c`; its data file is changed.
  private func damaged(_ change: (inout [UInt8]) -> Void) throws -> (String, String) {
    let first = try save("one", Self.tensors)
    let second = try save("two", Self.tensors.dropLast() + [("c", floats(4))])
    let data = "two.data-00000-of-00001"
    var bytes = try directory.bytes(data)
    change(&bytes)
    try directory.write(bytes, to: data)
    return (first, second)
  }

  @Test func `a damaged tensor is told, and the others are compared`() throws {
    let (first, second) = try damaged { $0[4] ^= 1 }  // in `b`
    let run = try ToolRun.checkpoint("diff", first, second)
    #expect(run.status == 1)
    #expect(
      run.output == """
        ? b  float32[1]  not readable
        ~ c  float32[1]  1 of 1 element, by at most 1.0
        1 difference, 1 tensor the same, 1 not readable

        """)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(run.errors.contains("key 'b': the tensor's checksum is 0x"))
    #expect(lines.last == "checkpoint: 1 tensor cannot be read, and is not compared: 'b'")
  }

  @Test func `the JSON form has damaged tensors, too`() throws {
    let (first, second) = try damaged { $0[4] ^= 1 }  // in `b`
    let run = try ToolRun.checkpoint("diff", "--json", first, second)
    #expect(run.status == 1)
    #expect(
      run.output == """
        {"equal":1,"not_compared":0,"differences":[
        {"name":"b","kind":"damaged","first":"float32[1]","second":"float32[1]"},
        {"name":"c","kind":"values","first":"float32[1]","second":"float32[1]","differing":1,\
        "elements":1,"largest_distance":1.0}
        ]}

        """)
    #expect(run.errors.contains("1 tensor cannot be read, and is not compared: 'b'"))
  }

  @Test func `a data file that ends early, or is not there, makes its tensors unreadable`() throws {
    let (first, second) = try damaged { $0.removeLast(6) }
    let short = try ToolRun.checkpoint("diff", second, first)
    #expect(short.status == 1)
    #expect(short.output.hasSuffix("\n1 tensor the same, 2 not readable\n"))
    #expect(short.errors.hasSuffix("2 tensors cannot be read, and are not compared: 'b', 'c'\n"))
    try FileManager.default.removeItem(atPath: directory.path("two.data-00000-of-00001"))
    let missing = try ToolRun.checkpoint("diff", second, second)
    #expect(missing.status == 1)
    #expect(missing.output.hasSuffix("\n0 tensors the same, 3 not readable\n"))
    #expect(missing.errors.contains("this data file is missing"))
  }
}
