/// A sum of squares that may be larger, or smaller, than any `Double`.
///
/// Source of the scaling: LAPACK, dnrm2.
struct ScaledSquares: Hashable, Sendable {
  // The sum is `sum` times 4 to the power of `exponent`.
  private var sum = 0.0
  private var exponent = 0

  /// Adds the squares of numbers, which are finite.
  mutating func add(_ numbers: Span<Double>) { add(ScaledSquares(of: numbers)) }

  /// Adds the squares of numbers that are twice as large as these, and may be larger than any `Double`.
  mutating func add(twice numbers: Span<Double>) {
    var other = ScaledSquares(of: numbers)
    other.exponent += 1
    add(other)
  }

  /// A sum of nothing.
  init() {}

  private init(of numbers: Span<Double>) {
    var largest = 0.0
    for index in numbers.indices { largest = max(largest, numbers[index].magnitude) }
    guard largest > 0 else { return }
    exponent = Int(largest.exponent)
    let scale = Double(sign: .plus, exponent: min(-exponent, 1000), significand: 1)
    exponent = -Int(scale.exponent)
    for index in numbers.indices {
      let number = numbers[index] * scale
      sum += number * number
    }
  }

  /// Adds another sum.
  mutating func add(_ other: ScaledSquares) {
    guard other.sum > 0 else { return }
    guard sum > 0 else {
      self = other
      return
    }
    let common = max(exponent, other.exponent)
    sum = scaled(to: common) + other.scaled(to: common)
    exponent = common
  }

  private func scaled(to common: Int) -> Double {
    // What is smaller by far adds nothing.
    sum * Double(sign: .plus, exponent: max(2 * (exponent - common), -1000), significand: 1)
  }

  /// Whether it is 0.
  var isZero: Bool { sum == 0 }

  /// The root of the share that it is of another sum; infinite for a share of 0.
  func root(of whole: ScaledSquares) -> Double {
    guard !isZero else { return 0 }
    guard !whole.isZero else { return .infinity }
    let power = min(max(exponent - whole.exponent, -2100), 2100)
    let (half, rest) = (power / 2, power - power / 2)
    return (sum / whole.sum).squareRoot() * Self.power(half) * Self.power(rest)
  }

  private static func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
