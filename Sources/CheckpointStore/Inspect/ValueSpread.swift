import CheckpointTensors

/// The second look at the numbers of a tensor, whose range and mean are known: how they are spread.
///
/// Distances from the mean are divided by a power of two, so that no square is too large or too small for a
/// `Double`. What is left of the mean of the distances corrects the mean.
/// Source: Chan, Golub, LeVeque, Algorithms for Computing the Sample Variance (1983), the corrected
/// two-pass algorithm.
struct ValueSpread {
  private let survey: ValueSurvey
  private let scale: Double
  private let center: Double
  private var distances = CompensatedSum()
  private var squares = CompensatedSum()
  /// How many numbers are in each part of the range.
  private(set) var bins: [Int]

  init(_ survey: ValueSurvey, binCount: Int) {
    self.survey = survey
    let width = survey.maximum - survey.minimum
    let exponent = width.isFinite ? (width > 0 ? Int(width.exponent) : 0) : 1023
    scale = Double(sign: .plus, exponent: min(-exponent, 1000), significand: 1)
    center = survey.mean * scale
    bins = Array(repeating: 0, count: binCount)
  }

  /// Looks at a block of numbers.
  mutating func add(_ numbers: Span<Double>) {
    if survey.isComplex { return numbers.withMagnitudes { addReal($0) } }
    addReal(numbers)
  }

  private mutating func addReal(_ numbers: Span<Double>) {
    var (distanceSum, squareSum) = (0.0, 0.0)
    let width = survey.maximum * scale - survey.minimum * scale
    let binsPerWidth = Double(bins.count) / width
    for index in numbers.indices where numbers[index].isFinite {
      let number = numbers[index] * scale
      let distance = number - center
      distanceSum += distance
      squareSum += distance * distance
      bins[bin(at: (number - survey.minimum * scale) * binsPerWidth)] += 1
    }
    distances.add(distanceSum)
    squares.add(squareSum)
  }

  // A position is one of the range, unless somebody writes to the file meanwhile. If all numbers are one, it
  // is NaN.
  private func bin(at position: Double) -> Int {
    guard position >= 0 else { return position.isNaN ? bins.count / 2 : 0 }
    return position < Double(bins.count) ? Int(position) : bins.count - 1
  }

  /// The mean of the finite numbers.
  var mean: Double {
    guard survey.minimum < survey.maximum else { return survey.minimum }
    let mean = survey.mean + distances.value / count / scale
    return min(max(mean, survey.minimum), survey.maximum)
  }

  /// The root of the mean of the squares of their distances from the mean.
  var standardDeviation: Double {
    guard survey.minimum < survey.maximum else { return 0 }
    let rest = distances.value / count
    return max(squares.value / count - rest * rest, 0).squareRoot() / scale
  }

  private var count: Double { Double(survey.finiteCount) }
}

/// A sum of many numbers that keeps what each addition rounds off.
///
/// Source: Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (1974).
struct CompensatedSum {
  private var sum = 0.0
  private var rest = 0.0

  /// Adds a number.
  mutating func add(_ number: Double) {
    let next = sum + number
    rest += sum.magnitude >= number.magnitude ? (sum - next) + number : (number - next) + sum
    sum = next
  }

  /// The sum.
  var value: Double { sum + rest }
}
