extension DType {
  /// Whether the elements are floating-point numbers, or complex ones of these.
  package var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64: true
    default: isComplex || SmallFloat(self) != nil
    }
  }

  /// Whether each element is two numbers: its real part, then its imaginary part.
  package var isComplex: Bool { self == .complex64 || self == .complex128 }
}
