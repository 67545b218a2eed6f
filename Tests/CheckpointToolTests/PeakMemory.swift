import CheckpointTestSupport
import Foundation
import Testing

/// The most memory that a run of the tool has taken.
enum PeakMemory {
  /// Runs the tool, without its output.
  ///
  /// - Parameters:
  ///   - arguments: What the tool is to do.
  ///   - statuses: With which status it may end.
  /// - Returns: Bytes.
  /// - Throws: If it cannot be run.
  static func ofTool(_ arguments: [String], endingWith statuses: [Int32] = [0]) throws -> Int {
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
    return try peak(of: process, endingWith: statuses)
  }

  // Waits for the end. On Linux `rusage` begins with what the parent has taken, so the system is asked
  // for the program's own peak, which only grows, for as long as it runs.
  private static func peak(of process: pid_t, endingWith statuses: [Int32]) throws -> Int {
    var (status, usage, peak) = (CInt(0), rusage(), 0)
    while unsafe wait4(process, &status, WNOHANG, &usage) != process {
      peak = max(peak, residentPeak(of: process))
      usleep(10_000)
    }
    let isExit = status & 0x7F == 0
    #expect(isExit && statuses.contains(status >> 8 & 0xFF), "\(status)")
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
