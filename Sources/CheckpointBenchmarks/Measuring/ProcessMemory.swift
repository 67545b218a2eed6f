import Foundation

/// The memory of this process, as the system counts it.
enum ProcessMemory {
  /// What it has now, in bytes.
  static var resident: Int { kibibytes("VmRSS:") * 1024 }

  /// The most that it had since the last reset, in bytes.
  static var peak: Int { kibibytes("VmHWM:") * 1024 }

  /// Begins to count the peak anew (proc(5), `clear_refs`).
  static func resetPeak() {
    let file = unsafe open("/proc/self/clear_refs", O_WRONLY)
    guard file >= 0 else { return }  // not Linux
    unsafe _ = write(file, "5", 1)
    close(file)
  }

  private static func kibibytes(_ field: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
      return 0  // not Linux
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix(field) }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
  }
}

/// The processor time of this process.
enum ProcessTime {
  /// Of all threads, so far.
  static var seconds: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
