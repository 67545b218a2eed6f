// How the place of a value in the object graph becomes the key of its tensor:
//
//   escape(name)  "." -> "..", then "/" -> ".S"
//   path          escaped local names joined by "/"; the root's is empty
//   key           path + "/.ATTRIBUTES/" + attribute
//   slot          path(variable) + "/.OPTIMIZER_SLOT/" + path(optimizer) + "/" + escape(slot name)
//
// Source: tensorflow/python/checkpoint/util.py, `_object_prefix_from_path`,
// `_slot_variable_naming_for_optimizer`; trackable/trackable_utils.py, `escape_local_name`.

/// The parts of a checkpoint key.
package enum CheckpointKey {
  /// The attribute of a variable.
  package static let variableValue = "VARIABLE_VALUE"
  /// The attribute of an object whose state is a string.
  package static let state = "py_state"

  private static let attributes = "/.ATTRIBUTES/"
  private static let optimizerSlot = "/.OPTIMIZER_SLOT/"

  /// A local name as it stands in a key.
  package static func escape(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }) else {
      return name
    }
    return name.unicodeScalars.reduce(into: "") { escaped, scalar in
      switch scalar {
      case ".": escaped += ".."
      case "/": escaped += ".S"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
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

  /// The path of a child of the object at a path.
  static func childPath(_ name: String, in parent: [UInt8], isBelowRoot: Bool) -> [UInt8] {
    let name = escape(name)
    guard !isBelowRoot else { return Array(name.utf8) }
    var path: [UInt8] = []
    path.reserveCapacity(parent.count + 1 + name.utf8.count)
    path += parent
    path.append(UInt8(ascii: "/"))
    path += name.utf8
    return path
  }

  /// The key of an attribute of the object at a path.
  static func key(path: [UInt8], attribute: String) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(path.count + attributes.utf8.count + attribute.utf8.count)
    key += path
    key += attributes.utf8
    key += attribute.utf8
    return key
  }

  /// The key of an attribute of the object at a path.
  package static func key(path: String, attribute: String) -> String {
    path + attributes + attribute
  }

  /// The path of a slot variable.
  package static func slotPath(variable: String, optimizer: String, slotName: String) -> String {
    "\(variable)\(optimizerSlot)\(optimizer)/\(escape(slotName))"
  }
}
