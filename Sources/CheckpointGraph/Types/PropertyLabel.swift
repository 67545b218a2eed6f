/// What a stored property is called.
struct PropertyLabel {
  /// Its name in a checkpoint: the label, without the mark of a lazy property and without the
  /// underscore that `@Observable` puts before it.
  let name: String
  /// Its name if it is the storage of a property wrapper, which has the property's name after an
  /// underscore; `nil` if it cannot be that.
  let wrappedName: String?
  let isLazy: Bool

  private static let lazyMark = "$__lazy_storage_$_"

  /// Reads a label.
  ///
  /// - Parameters:
  ///   - label: The label that reflection shows.
  ///   - isObservable: Whether the type is `@Observable`, which stores a property `w` as `_w`.
  ///   - isVariable: Whether it is a `var`, as far as somebody knows: others `@Observable` leaves alone.
  init(_ label: String, isObservable: Bool = false, isVariable: Bool = true) {
    isLazy = label.hasPrefix(Self.lazyMark)
    let label = isLazy ? String(label.dropFirst(Self.lazyMark.count)) : label
    wrappedName = !isLazy && label.hasPrefix("_") ? String(label.dropFirst()) : nil
    let isRenamed = isObservable && isVariable
    name = isRenamed ? wrappedName ?? label : label
  }

  /// What the property may be registered as.
  var possibleNames: [String] {
    guard let wrappedName, wrappedName != name else { return [name] }
    return [name, wrappedName]
  }

  /// Whether it is one of those that somebody calls it by.
  func isAny(of labels: Set<String>) -> Bool {
    !labels.isEmpty && possibleNames.contains(where: labels.contains)
  }

  /// Whether a label is that of what `@Observable`, or a macro made after it, adds to a type.
  static func isRegistrar(_ label: String?) -> Bool {
    guard let label else { return false }
    return label.hasPrefix("_$") && label.hasSuffix("Registrar")
  }
}
