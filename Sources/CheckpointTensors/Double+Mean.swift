extension Double {
  /// Goes a part of the way to another number: a mean takes in what is new.
  ///
  /// Numbers that are the same have just this mean, and no sum can overflow. Infinite ones have an infinite
  /// one, or none.
  package mutating func move(to other: Double, weight: Double) {
    let distance = other - self
    guard distance != 0 else { return }  // also of zeros: they keep their sign
    self = distance.isFinite ? self + distance * weight : self * (1 - weight) + other * weight
  }
}
