/// Runs `body` several times, and prints the median and the fastest run.
///
/// - Parameters:
///   - name: What is measured.
///   - count: How many things one run handles; the time for each is printed too.
///   - unit: What these things are.
///   - runs: How many times.
///   - body: What is measured; data is made before.
func measure(
  _ name: String,
  count: Int,
  _ unit: String,
  runs: Int = 9,
  _ body: () throws -> Void
) rethrows {
  let clock = ContinuousClock()
  var times: [Double] = []
  for _ in 0..<runs { times.append(try clock.measure(body) / .milliseconds(1)) }
  times.sort()
  let median = times[runs / 2]
  print(
    "  \(name): \(rounded(median)) ms (best \(rounded(times[0]))), "
      + "\(rounded(median * 1000 / Double(count))) µs a \(unit)"
  )
}

private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
