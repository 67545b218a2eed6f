import CheckpointIO
import CheckpointTensors

/// The first look at the numbers of a tensor: how many are what, their range and their mean.
struct ValueSurvey {
  private(set) var zeroCount = 0
  private(set) var nanCount = 0
  private(set) var infiniteCount = 0
  private(set) var finiteCount = 0
  private(set) var minimum = Double.infinity
  private(set) var maximum = -Double.infinity
  /// The mean of the finite numbers, but for rounding: ``ValueSpread`` corrects it.
  private(set) var mean = 0.0
  /// The range of integers of 64 bits.
  var integers: IntegerRange?
  /// Whether two numbers are the parts of one.
  let isComplex: Bool

  init(_ dtype: DType) {
    isComplex = dtype.isComplex
    integers = IntegerRange(dtype)
  }

  /// Looks at a block of numbers.
  mutating func add(_ numbers: Span<Double>) {
    if isComplex { return numbers.withMagnitudes { addReal($0) } }
    addReal(numbers)
  }

  private mutating func addReal(_ numbers: Span<Double>) {
    var (sum, count) = (0.0, 0)
    for index in numbers.indices {
      let number = numbers[index]
      guard number.isFinite else {
        if number.isNaN { nanCount += 1 } else { infiniteCount += 1 }
        continue
      }
      count += 1
      sum += number
      if number == 0 { zeroCount += 1 }
      if number < minimum { minimum = number }
      if number > maximum { maximum = number }
    }
    guard count > 0 else { return }
    finiteCount += count
    let blockMean = sum.isFinite ? sum / Double(count) : numbers.meanOfFinite(count)
    mean.move(to: blockMean, weight: Double(count) / Double(finiteCount))
  }
}

extension Span<Double> {
  /// Calls `body` with the magnitudes of complex numbers, whose parts these are.
  func withMagnitudes(_ body: (Span<Double>) -> Void) {
    var magnitudes: [Double] = []
    magnitudes.reserveCapacity(count / 2)
    for index in stride(from: 0, to: count - 1, by: 2) {
      magnitudes.append(magnitude(self[index], self[index + 1]))
    }
    body(magnitudes.span)
  }

  // A number with a part that is no number is none itself. The parts are divided first: their squares need
  // not be numbers that a `Double` has.
  private func magnitude(_ real: Double, _ imaginary: Double) -> Double {
    if real.isNaN || imaginary.isNaN { return .nan }
    let (low, high) = (
      Swift.min(real.magnitude, imaginary.magnitude), Swift.max(real.magnitude, imaginary.magnitude)
    )
    guard high > 0, high.isFinite else { return high }
    let ratio = low / high
    // Finite parts make a finite number, and be it the largest one.
    return Swift.min(high * (1 + ratio * ratio).squareRoot(), .greatestFiniteMagnitude)
  }

  // For a sum that is larger than any `Double`.
  fileprivate func meanOfFinite(_ finiteCount: Int) -> Double {
    var mean = 0.0
    for index in indices where self[index].isFinite { mean += self[index] / Double(finiteCount) }
    return mean
  }
}
