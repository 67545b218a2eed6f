package import CheckpointTensors

extension KeyMapping.NameStyle {
  /// The style in which the names of a checkpoint are those that are missing.
  ///
  /// - Parameters:
  ///   - missing: The names that the checkpoint does not have.
  ///   - stored: Those that it has.
  /// - Returns: The style that most of them are found in, how many these are, and what the first is
  ///   called in the checkpoint; `nil` if no style helps.
  package static func find(_ missing: [TensorKey], in stored: [TensorKey]) -> (
    style: KeyMapping.NameStyle, count: Int, stored: TensorKey, wanted: TensorKey
  )? {
    var best: (style: KeyMapping.NameStyle, count: Int, stored: TensorKey, wanted: TensorKey)?
    for style in allCases {
      let origins = Dictionary(
        stored.map { (style.name(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
      let found = missing.filter { origins[$0] != nil }
      guard let wanted = found.first, let origin = origins[wanted] else { continue }
      if found.count > best?.count ?? 0 { best = (style, found.count, origin, wanted) }
    }
    return best
  }

  /// What the error of a restore says of names in another style.
  ///
  /// - Parameters:
  ///   - missing: The names that the checkpoint does not have.
  ///   - stored: Those that it has.
  ///   - isMapped: Whether these are names that a mapping has made.
  /// - Returns: A part of a sentence; `nil` if no style helps.
  package static func hint(for missing: [TensorKey], in stored: [TensorKey], isMapped: Bool)
    -> String?
  {
    guard let found = find(missing, in: stored) else { return nil }
    let rule = ".names(.\(found.style))"
    let advice = isMapped ? "add .then(\(rule)) to the mapping" : "restore with mapping: \(rule)"
    return "the checkpoint has \(found.count) of the \(missing.count) missing in another style, "
      + "'\(found.stored)' for '\(found.wanted)': \(advice)"
  }
}
