/// A JSON value to be written: for programs that read what a command says.
///
///     let entry: JSONValue = ["name": .string("dense/bias"), "shape": [.number(3)]]
///     print(entry.text)  // {"name":"dense/bias","shape":[3]}
package enum JSONValue {
  /// Where lines end within an array or an object.
  package enum Lines {
    /// Nowhere.
    case none
    /// Before each element.
    case before
    /// Before each element, and before the end if there are any.
    case around
    /// Between two elements.
    case between
  }

  /// A member of an object.
  package typealias Member = (name: String, value: JSONValue)

  case null
  case bool(Bool)
  case string(String)
  /// A number, or another value that is JSON already.
  case raw(String)
  case array([JSONValue], Lines = .none)
  case object([Member], Lines = .none)

  /// A number.
  package static func number(_ number: some BinaryInteger) -> JSONValue { .raw("\(number)") }

  /// A string; `null` if there is none.
  package static func stringIfAny(_ text: String?) -> JSONValue {
    text.map { .string($0) } ?? .null
  }

  /// An array of strings.
  package static func strings(_ texts: some Sequence<String>) -> JSONValue {
    .array(texts.map { .string($0) })
  }

  /// An array of numbers.
  package static func numbers(_ numbers: some Sequence<Int>) -> JSONValue {
    .array(numbers.map { .number($0) })
  }

  /// Bytes as a string in base 64.
  package static func base64(_ bytes: [UInt8]) -> JSONValue {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let padded = Array(group) + Array(repeating: 0, count: 3 - group.count)
      let word = padded.reduce(0 as Int) { $0 << 8 | Int($1) }
      for place in 0..<4 {
        text.append(
          place <= group.count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return .string(String(decoding: text, as: UTF8.self))
  }

  /// The text, with all controls escaped.
  package var text: String {
    var json = JSONText(escaping: .controls)
    json.append(self)
    return String(decoding: json.bytes, as: UTF8.self)
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
  /// An object of these members, in this order.
  package init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(members.map { (name: $0, value: $1) })
  }

  /// An array of these elements.
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONText {
  /// Appends a value.
  package mutating func append(_ value: JSONValue) {
    switch value {
    case .null: append("null")
    case .bool(let value): append("\(value)")
    case .string(let text): append(string: text.utf8)
    case .raw(let text): append(text)
    case .array(let elements, let lines):
      append("[")
      append(elements, lines) { $0.append($1) }
      append("]")
    case .object(let members, let lines):
      append("{")
      append(members, lines) { json, member in
        json.append(string: member.name.utf8)
        json.append(":")
        json.append(member.value)
      }
      append("}")
    }
  }

  private mutating func append<Element>(
    _ elements: [Element], _ lines: JSONValue.Lines, _ append: (inout JSONText, Element) -> Void
  ) {
    let first = lines == .before || lines == .around ? "\n" : ""
    if !elements.isEmpty { self.append(first) }
    self.append(elements, separator: lines == .none ? "," : ",\n", append)
    if lines == .around, !elements.isEmpty { self.append("\n") }
  }
}
