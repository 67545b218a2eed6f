// Numbers and columns as people read them.

extension UInt64 {
  /// A number of bytes: `0 B`, `812 B`, `1.4 KiB`, `3.0 GiB`.
  var byteText: String {
    guard self >= 1024 else { return "\(self) B" }
    var value = Double(self)
    var unit = -1
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while value >= 1023.95, unit + 1 < units.count {  // 1024.0 would be shown
      value /= 1024
      unit += 1
    }
    return "\(value.text(fractionDigits: 1)) \(units[unit])"
  }
}

extension UInt64 {
  /// What part of a whole it is, from 0 to 1; 0 of nothing.
  func share(of whole: UInt64) -> Double { whole > 0 ? Double(self) / Double(whole) : 0 }

  /// The same in hundredths: `12.5 %`; `-` of nothing.
  func shareText(of whole: UInt64) -> String {
    whole > 0 ? "\((share(of: whole) * 100).text(fractionDigits: 1)) %" : "-"
  }
}

extension Double {
  /// The number with so many digits after the point.
  func text(fractionDigits: Int) -> String {
    guard let number = DecimalNumber(description) else { return description }
    let text = number.rounded(fractionDigits: fractionDigits).positional
    let missing = fractionDigits - text.fraction.count
    let fraction = text.fraction + String(repeating: "0", count: max(0, missing))
    return fractionDigits == 0 ? text.integer : "\(text.integer).\(fraction)"
  }
}

extension Double {
  /// The number with at most five digits that count, whole numbers up to 10 digits in full: `0.12346`,
  /// `1.5e-07`, `1234567`.
  var shortText: String {
    if self == rounded(.towardZero), magnitude < 1e10 { return "\(Int64(self))" }
    guard let number = DecimalNumber(description) else { return description }
    let rounded = number.rounded(significantDigits: 5)
    guard (-4..<7).contains(rounded.exponent) else {
      let fraction = max(0, rounded.digits.count - 1)
      let text = rounded.scientific(fractionDigits: fraction)
      return fraction > 0 ? text : String(text.filter { $0 != "." })
    }
    let text = rounded.positional
    return text.fraction.isEmpty ? text.integer : "\(text.integer).\(text.fraction)"
  }
}

extension Int {
  /// The number and a noun: `1 tensor`, `2 tensors`.
  func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension UInt64 {
  /// The number with commas between its thousands: `109,482,240`.
  var grouped: String {
    var text = ""
    for (position, digit) in String(self).reversed().enumerated() {
      if position > 0, position % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}

extension String {
  /// The text with spaces behind it, up to a number of characters.
  func paddedRight(to width: Int) -> String { self + padding(to: width) }

  /// The text with spaces before it, up to a number of characters.
  func paddedLeft(to width: Int) -> String { padding(to: width) + self }

  private func padding(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count))
  }
}
