/// What one run took; also what a contender's process answers with, as JSON.
struct Measurement: Codable {
  /// Wall time in seconds.
  var seconds: Double
  /// Time of all threads of the process, in seconds.
  var cpuSeconds: Double
  /// The most memory that the process had meanwhile, in bytes; 0 where that is not known.
  var peakByteCount: Int
  /// How much of that came on top of what it had before.
  var growthByteCount: Int

  /// Measures a run.
  init(of body: () throws -> Any) rethrows {
    let before = ProcessMemory.resident
    ProcessMemory.resetPeak()
    let clock = ContinuousClock()
    let cpuStart = ProcessTime.seconds
    let start = clock.now
    let result = try body()
    seconds = start.duration(to: clock.now) / .seconds(1)
    cpuSeconds = ProcessTime.seconds - cpuStart
    peakByteCount = ProcessMemory.peak
    withExtendedLifetime(result) {}
    growthByteCount = max(0, peakByteCount - before)
  }
}

/// All runs of a contender.
struct Series {
  private(set) var runs: [Measurement] = []

  mutating func add(_ run: Measurement) { runs.append(run) }

  /// The median of wall times.
  var seconds: Double { Self.median(runs.map(\.seconds)) }
  /// The fastest run.
  var best: Double { runs.map(\.seconds).min() ?? 0 }
  /// The median of processor times.
  var cpuSeconds: Double { Self.median(runs.map(\.cpuSeconds)) }
  /// The most memory of any run.
  var peakByteCount: Int { runs.map(\.peakByteCount).max() ?? 0 }
  /// The most that a run took on top of what was there: the first apart, which warms allocators up.
  var growthByteCount: Int { runs.map(\.growthByteCount).max() ?? 0 }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let (low, high) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
    return (low + high) / 2
  }
}
