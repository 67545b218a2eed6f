// How the place of a value in the object graph becomes the key of its tensor:
//
//   escape(name)  "." -> "..", then "/" -> ".S"
//   path          escaped local names joined by "/"; the root's is empty
//   key           path + "/.ATTRIBUTES/" + attribute
//   slot          path(variable) + "/.OPTIMIZER_SLOT/" + path(optimizer) + "/" + escape(slot name)
//
// Source: tensorflow/python/checkpoint/util.py, `_object_prefix_from_path`,
// `_slot_variable_naming_for_optimizer`; trackable/trackable_utils.py, `escape_local_name`.

import CheckpointIO

/// The parts of a checkpoint key.
package enum CheckpointKey {
  /// The attribute of a variable.
  package static let variableValue = "VARIABLE_VALUE"
  /// The attribute of an object whose state is a string.
  package static let state = "py_state"

  fileprivate static let attributes = Array("/.ATTRIBUTES/".utf8)
  fileprivate static let escapedSlash = Array(".S".utf8)
  private static let optimizerSlot = Array("/.OPTIMIZER_SLOT/".utf8)

  /// A local name as it stands in a key.
  package static func escape(_ name: String) -> String {
    var bytes: [UInt8] = []
    append(Step(name, isFirst: true), to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The local name that an escaped one stands for.
  package static func unescape(_ escaped: String) -> String {
    guard escaped.utf8.contains(UInt8(ascii: ".")) else { return escaped }
    var name = String.UnicodeScalarView()
    var afterDot = false
    for scalar in escaped.unicodeScalars {
      if afterDot {
        name.append(scalar == "S" ? "/" : scalar)
        afterDot = false
      } else if scalar == "." {
        afterDot = true
      } else {
        name.append(scalar)
      }
    }
    return String(name)
  }

  /// Follows a path of escaped names from the root.
  ///
  /// - Parameters:
  ///   - path: The path; the empty one is the root's.
  ///   - child: The child of a node that has a name.
  /// - Returns: The node that it leads to; `nil` if there is none.
  static func follow(_ path: String, _ child: (_ node: Int, _ name: String) -> Int?) -> Int? {
    var current = 0
    guard !path.isEmpty else { return 0 }
    for part in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      let name = unescape(String(Substring(part)))
      if let child = child(current, name) {
        current = child
      } else if !name.isEmpty {  // a slash too many leads nowhere else
        return nil
      }
    }
    return current
  }

  /// The path of a slot variable.
  package static func slotPath(variable: String, optimizer: String, slotName: String) -> String {
    var path = Array(variable.utf8)
    append(slotsOf: Array(optimizer.utf8), to: &path)
    append(Step(slotName, isFirst: false), to: &path)
    return String(decoding: path, as: UTF8.self)
  }

  /// What the key of a variable ends in, behind its path: `/.ATTRIBUTES/VARIABLE_VALUE`.
  package static let variableEnding = attributes + Array(variableValue.utf8)

  /// The path of the variable that a key belongs to; `nil` for the key of anything else.
  package static func path(ofVariable key: [UInt8]) -> ArraySlice<UInt8>? {
    guard key.suffix(variableEnding.count) == variableEnding[...] else { return nil }
    return key.dropLast(variableEnding.count)
  }

  /// The key of an attribute of the object at a path.
  package static func key(path: String, attribute: String) -> String {
    path + String(decoding: attributes, as: UTF8.self) + attribute
  }

  // MARK: Bytes

  /// A local name in a path.
  struct Step {
    fileprivate let name: String
    fileprivate let isFirst: Bool

    /// - Parameters:
    ///   - name: The name, not escaped.
    ///   - isFirst: Whether it leads from the root, so that no slash stands before it.
    init(_ name: String, isFirst: Bool) { (self.name, self.isFirst) = (name, isFirst) }

    /// How many bytes it takes, at most: each may have to be escaped.
    var maxCount: Int { 1 + 2 * name.utf8.count }
  }

  /// Appends a local name to a path.
  static func append(_ step: Step, to path: inout [UInt8]) {
    path.append(addingCapacity: step.maxCount) { $0.append(step) }
  }

  /// How many bytes an attribute adds to a path.
  static func count(ofAttribute name: String) -> Int { attributes.count + name.utf8.count }

  /// Makes the path of a variable what stands before the names of its slot variables.
  static func append(slotsOf optimizer: [UInt8], to path: inout [UInt8]) {
    path += optimizerSlot
    path += optimizer
  }
}

extension OutputSpan<UInt8> {
  /// Appends a local name to a path.
  @_lifetime(self: copy self)
  mutating func append(_ step: CheckpointKey.Step) {
    if !step.isFirst { append(UInt8(ascii: "/")) }
    for byte in step.name.utf8 {
      switch byte {
      case UInt8(ascii: "."): append(repeating: byte, count: 2)
      case UInt8(ascii: "/"): append(copying: CheckpointKey.escapedSlash.span)
      default: append(byte)
      }
    }
  }

  /// Makes a path the key of an attribute.
  @_lifetime(self: copy self)
  mutating func append(attribute: String) {
    append(copying: CheckpointKey.attributes.span)
    append(attribute.utf8)
  }
}
