/// A value that no checkpoint would save, within a stored property.
struct ForgottenValue: Equatable {
  /// Why it would not be saved; the text is the name of its type.
  enum Reason: Equatable {
    /// Numbers or bytes.
    case values(String)
    /// A value that is stored as a tensor, but cannot be written back.
    case tensor(String)
    /// A struct with registered fields, which cannot be written back either.
    case fields(String)
    /// Objects in a collection without an order.
    case unordered(String)
    /// Objects in a dictionary without string keys.
    case keyed(String)
    /// Objects that a collection makes anew whenever it is asked.
    case computed(String)
    /// Objects behind a pointer.
    case unreadable(String)
  }

  /// Names of fields, from the property on; `*` stands for each element of a collection.
  var path: [String] = []
  let reason: Reason

  /// What to do about it.
  var text: String {
    switch reason {
    case .values(let type):
      "the values in it, \(type), would be forgotten; hold numbers in a Variable, a table in a "
        + "TensorGroup, anything Codable in a RunState; or register it by registrar.state, mark it "
        + "@NoDependency, name it in trackProperties(of:except:), or let a type conform to "
        + "ExcludedFromCheckpoints"
    case .tensor(let type):
      "a \(type) is a value that could not be written back; hold it in a Variable or "
        + "TensorBox, register it with registrar.variable, or mark it @NoDependency"
    case .fields(let type):
      "a \(type) is a value whose fields could not be written back; hold it in Tracked"
    case .unordered(let type):
      "a \(type) has no order to name its elements by; use an array or a dictionary"
    case .keyed:
      "only a dictionary with string keys can hold variables: keys are names; mark it "
        + "@NoDependency if they are an optimizer's slot variables"
    case .computed(let type):
      "\(type) may make its elements anew at every look; use an array"
    case .unreadable(let type):
      "what \(type) holds cannot be read; hold it in another property, or mark this one @NoDependency"
    }
  }

  /// The name of its type.
  var typeName: String {
    switch reason {
    case .values(let type), .tensor(let type), .fields(let type), .unordered(let type),
      .keyed(let type), .computed(let type), .unreadable(let type):
      type
    }
  }

  /// The same value, of a field of that name.
  func inField(_ name: String) -> ForgottenValue {
    ForgottenValue(path: [name] + path, reason: reason)
  }

  /// The same value in a collection or an optional, which is named instead of its elements where these
  /// are numbers.
  func held(by type: Any.Type, _ arrangement: Arrangement) -> ForgottenValue {
    guard path.isEmpty else { return arrangement == .optional ? self : inField("*") }
    if case .values = reason { return ForgottenValue(reason: .values("\(type)")) }
    return self
  }
}
