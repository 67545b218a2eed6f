import CheckpointBundle
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves how much memory it takes to show the objects of a checkpoint, however many there are.
@Suite struct GraphMemoryTests {
  private static let count = TestCases.count(600_000, sample: 200_000)

  /// A chain of objects; a node of as many children; objects that nothing leads to.
  private static func message(_ shape: String) -> [UInt8] {
    var bytes: [UInt8] = []
    func child(_ node: Int) -> [UInt8] {
      var field = ByteWriter()
      field.write(byte: 0x08)
      field.write(varint: UInt64(node))
      field.write([0x12, 1, UInt8(ascii: "n")])
      return [0x0A, UInt8(field.count)] + field.bytes
    }
    switch shape {
    case "chain":
      for node in 1..<count {
        let edge = child(node)
        bytes += [0x0A, UInt8(edge.count)] + edge
      }
      bytes += [0x0A, 0]
    case "flat":
      let edges = (1..<count).flatMap(child)
      var head = ByteWriter()
      head.write(byte: 0x0A)
      head.write(varint: UInt64(edges.count))
      bytes = head.bytes + edges + (1..<count).flatMap { _ in [0x0A, 0] as [UInt8] }
    default:
      for _ in 0..<count { bytes += [0x0A, 6, 0x12, 4, 0x0A, 2, 0x61, 0x62] }
    }
    return bytes
  }

  private static let cases = ["chain", "flat", "lost"].flatMap { shape in
    [[], ["--json"]].map { (shape, $0) }
  }

  @Test(.timeLimit(.minutes(30)), arguments: TestCases.every(5, of: cases))
  func `takes 64 MB and four times the graph`(shape: String, form: [String]) throws {
    let directory = try TemporaryDirectory()
    let prefix = directory.path("graph")
    let message = Self.message(shape)
    var writer = try BundleWriter(prefix: prefix)
    let graph = try AnyTensor(TensorSpec(.string, .scalar), .strings([message]))
    try writer.add(graph, for: TensorKey(ObjectGraph.key))
    try writer.finish()
    let peak = try PeakMemory.ofTool(["graph"] + form + [prefix])
    #expect(peak <= 64 << 20 + 4 * message.count, "\(peak >> 20) MB")
  }
}

/// The most memory that a run of the tool has taken.
private enum PeakMemory {
  /// Runs the tool, without its output.
  static func ofTool(_ arguments: [String]) throws -> Int {
    let tool = ChildProcess.products.appendingPathComponent("checkpoint").path
    var words = unsafe ([tool] + arguments).map { unsafe strdup($0) }
    unsafe words.append(nil)
    defer { unsafe words.forEach { unsafe free($0) } }
    #if canImport(Darwin)
    var actions: posix_spawn_file_actions_t?
    #else
    var actions = unsafe posix_spawn_file_actions_t()
    #endif
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    var process = pid_t()
    try #require(unsafe posix_spawn(&process, tool, &actions, nil, words, environ) == 0)
    return try peak(of: process)
  }

  // Waits for the end. On Linux `rusage` begins with what the parent has taken, so the system is asked
  // for the program's own peak, which only grows, for as long as it runs.
  private static func peak(of process: pid_t) throws -> Int {
    var (status, usage, peak) = (CInt(0), rusage(), 0)
    while unsafe wait4(process, &status, WNOHANG, &usage) != process {
      peak = max(peak, residentPeak(of: process))
      usleep(10_000)
    }
    #expect(status == 0)
    #if canImport(Darwin)
    return Int(usage.ru_maxrss)
    #else
    try #require(peak > 0)
    return peak
    #endif
  }

  private static func residentPeak(of process: pid_t) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else {
      return 0
    }
    let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first  // VmHWM: 1234 kB
    return (kilobytes.flatMap { Int($0) } ?? 0) << 10
  }
}
