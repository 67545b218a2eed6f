import CheckpointIO
import CheckpointTensors

// Rules that make several tensors of one, and one of several.

extension MappedIndex {
  mutating func split(_ name: String, _ axis: Int, _ parts: [String], _ lengths: [Int]?)
    throws(CheckpointError)
  {
    let whole = try take([name])[0]
    let shape = whole.spec.shape
    guard shape.dimensions.indices.contains(axis) else {
      throw CheckpointError(.mismatch, "'\(name)', \(whole.spec), has no dimension \(axis)")
    }
    let total = shape[axis]
    let lengths = lengths ?? Array(repeating: total / max(parts.count, 1), count: parts.count)
    guard lengths.count == parts.count, Self.sum(lengths) == total else {
      throw CheckpointError(
        .mismatch, "'\(name)' has \(total) in dimension \(axis), which \(lengths) does not divide")
    }
    var start = 0
    for (part, length) in zip(parts, lengths) {
      var extents: [TensorSlice.Extent] = Array(repeating: .full, count: shape.rank)
      extents[axis] = .range(start: start, length: length)
      start += length
      let key = TensorKey(part)
      try put(try Self.transformed(whole, .slice(TensorSlice(extents)), key), key)
    }
  }

  // The sum; `nil` if a length is not positive, or if the sum overflows.
  private static func sum(_ lengths: [Int]) -> Int? {
    var sum = 0
    for length in lengths {
      let (next, overflow) = sum.addingReportingOverflow(length)
      guard length > 0, !overflow else { return nil }
      sum = next
    }
    return sum
  }

  mutating func stack(_ names: [String], _ axis: Int, _ name: String)
    throws(CheckpointError)
  {
    try stack(try take(names), axis, name)
  }

  private mutating func stack(_ parts: [Recipe], _ axis: Int, _ name: String)
    throws(CheckpointError)
  {
    let shape = parts[0].spec.shape
    guard (0...shape.rank).contains(axis) else {
      throw CheckpointError(.mismatch, "a tensor \(shape) gets no new dimension at \(axis)")
    }
    var widened: [Recipe] = []
    for part in parts {
      widened.append(try Self.transformed(part, .unsqueeze([axis]), TensorKey(name)))
    }
    try join(widened, axis, name)
  }

  mutating func join(_ parts: [Recipe], _ axis: Int, _ name: String) throws(CheckpointError) {
    var dimensions = parts[0].spec.shape.dimensions
    guard dimensions.indices.contains(axis) else {
      throw CheckpointError(.mismatch, "a tensor \(parts[0].spec) has no dimension \(axis)")
    }
    for part in parts.dropFirst() {
      var other = part.spec.shape.dimensions
      guard part.spec.dtype == parts[0].spec.dtype, other.count == dimensions.count else {
        throw CheckpointError(.mismatch, "\(part.spec) and \(parts[0].spec) cannot be put together")
      }
      let length = other[axis]
      other[axis] = dimensions[axis]
      guard other == dimensions else {
        throw CheckpointError(.mismatch, "\(part.spec) and \(parts[0].spec) cannot be put together")
      }
      // Too large only where other dimensions are 0: then no tensor can be so.
      dimensions[axis] = dimensions[axis].addingReportingOverflow(length).partialValue
    }
    let spec = TensorSpec(parts[0].spec.dtype, try TensorShape(stored: dimensions))
    try put(.joined(parts, axis: axis, spec), TensorKey(name))
  }

  // Takes tensors out of the list: what is made of them stands in their place.
  mutating func take(_ names: [String]) throws(CheckpointError) -> [Recipe] {
    guard !names.isEmpty else {
      throw CheckpointError(.invalidArgument, "a rule needs the name of a tensor")
    }
    var taken: [Recipe] = []
    for name in names {
      let key = TensorKey(name)
      guard let recipe = recipes.removeValue(forKey: key) else {
        let hint = NearestKeys(to: key, among: Array(recipes.keys)).hint
        throw CheckpointError(.notFound, "there is no tensor '\(name)'\(hint)")
      }
      taken.append(recipe)
    }
    return taken
  }

  private mutating func put(_ recipe: Recipe, _ key: TensorKey) throws(CheckpointError) {
    guard recipes.updateValue(recipe, forKey: key) == nil else {
      throw CheckpointError(.duplicateName, "there is a tensor '\(key)' already")
    }
  }

  // MARK: Of all that match

  mutating func unstack(_ pattern: String, _ axis: Int, _ template: String)
    throws(CheckpointError)
  {
    let pattern = try NamePattern(pattern)
    let replacement = NameReplacement(template)
    let names = recipes.keys.sorted().compactMap(\.string).filter { pattern.isFound(in: $0) }
    try checkParts(of: names, axis)
    for name in names {
      let (whole, key) = (try take([name])[0], TensorKey(name))
      for position in 0..<whole.spec.shape[axis] {
        let new = try pattern.replacing(in: name, with: replacement, part: position) ?? name
        try put(try Self.part(position, of: whole, axis, key), TensorKey(new))
      }
    }
  }

  // The names of the parts take memory, however small the files are.
  private static let mostParts = 1 << 20

  private func checkParts(of names: [String], _ axis: Int) throws(CheckpointError) {
    var left = Self.mostParts
    for name in names {
      guard let spec = recipes[TensorKey(name)]?.spec else { continue }
      guard spec.shape.dimensions.indices.contains(axis) else {
        throw CheckpointError(.mismatch, "'\(name)', \(spec), has no dimension \(axis)")
      }
      guard spec.shape[axis] <= left else {
        throw CheckpointError(
          .limitExceeded,
          "with '\(name)', \(spec), the rule would make more than \(Self.mostParts) tensors")
      }
      left -= spec.shape[axis]
    }
  }

  private static func part(_ position: Int, of whole: Recipe, _ axis: Int, _ key: TensorKey)
    throws(CheckpointError) -> Recipe
  {
    var extents: [TensorSlice.Extent] = Array(repeating: .full, count: whole.spec.shape.rank)
    extents[axis] = .range(start: position, length: 1)
    let slice = try transformed(whole, .slice(TensorSlice(extents)), key)
    return try transformed(slice, .squeeze([axis]), key)
  }

  mutating func stackMatches(_ pattern: String, _ axis: Int, _ template: String)
    throws(CheckpointError)
  {
    let pattern = try NamePattern(pattern)
    let replacement = NameReplacement(template)
    var stacks: [TensorKey: [Int: String]] = [:]
    for key in recipes.keys.sorted() {
      guard let name = key.string,
        let new = try pattern.replacing(in: name, with: replacement)
      else { continue }
      guard let position = pattern.number(in: name) else {
        throw CheckpointError(
          .invalidArgument, "the first group of the expression is no number in '\(name)'")
      }
      if let other = stacks[TensorKey(new), default: [:]].updateValue(name, forKey: position) {
        throw CheckpointError(
          .duplicateName, "'\(other)' and '\(name)' are both number \(position) of '\(new)'")
      }
    }
    for (key, names) in stacks.sorted(by: { $0.key < $1.key }) {
      let new = key.description  // the text that it is made of
      try stack(try take(Self.inOrder(names, new)), axis, new)
    }
  }

  private static func inOrder(_ names: [Int: String], _ new: String) throws(CheckpointError)
    -> [String]
  {
    var ordered: [String] = []
    for position in 0..<names.count {
      guard let name = names[position] else {
        throw CheckpointError(
          .notFound,
          "number \(position) of '\(new)' is missing, though \(names.count) tensors are to be in it"
        )
      }
      ordered.append(name)
    }
    return ordered
  }
}
