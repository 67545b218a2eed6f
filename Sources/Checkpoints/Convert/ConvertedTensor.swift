import CheckpointMapping
import CheckpointIO
import CheckpointTensors

/// A tensor to be written: its name, and where its values come from.
struct ConvertedTensor: Sendable {
  /// Where the values come from.
  enum Values: Sendable {
    /// A checkpoint, which may have another name for it.
    case stored(ConversionSource, key: TensorKey)
    /// They are known.
    indirect case known(AnyTensor)
  }

  /// The name that it will have.
  var key: TensorKey
  /// The dtype and the shape of the whole tensor.
  let spec: TensorSpec
  /// The parts that it is stored in; empty if it is stored whole.
  var slices: [TensorSlice]
  // Of what it is made, by the names in the source; `nil` if that is what is stored.
  private let parents: [TensorKey]?
  /// Where the values come from.
  let values: Values
  /// How many bytes they take, as far as that is known.
  let byteCount: UInt64

  /// A tensor as a reader has it.
  init(_ entry: TensorEntry, in source: ConversionSource) {
    key = entry.key
    spec = entry.spec
    slices = entry.slices
    parents = nil
    values = .stored(source, key: entry.key)
    byteCount = entry.byteCount
  }

  /// A tensor as a mapping makes it.
  init(_ entry: TensorEntry, in source: MappedConversionSource) {
    key = entry.key
    spec = entry.spec
    slices = entry.slices
    parents = source.mapping.sources(of: entry.key)
    if let key = source.mapping.storedKey(entry.key) {
      values = .stored(source.stored, key: key)
    } else {
      values = .stored(source.mapped, key: entry.key)
    }
    byteCount = UInt64(entry.spec.byteCount ?? Int(clamping: entry.byteCount))
  }

  /// A tensor whose values are known.
  init(_ key: TensorKey, _ tensor: AnyTensor) {
    self.key = key
    spec = tensor.spec
    slices = []
    parents = [key]
    values = .known(tensor)
    byteCount = UInt64(tensor.byteCount)
  }

  /// The names in the source of what it is made of.
  var sources: [TensorKey] {
    if let parents { return parents }
    if case .stored(_, let stored) = values { return [stored] }
    return [key]
  }

  /// The name of what it is made of, or of the first of it.
  var source: TensorKey { sources.first ?? key }

  /// The checkpoint that has its values; `nil` if they are known.
  var file: String? {
    if case .stored(let source, _) = values { source.reader.path } else { nil }
  }

  /// What is written: the tensor, or each of its slices.
  var parts: [TensorSlice.Part?] {
    get throws(CheckpointError) {
      guard !slices.isEmpty else { return [nil] }
      var parts: [TensorSlice.Part?] = []
      for slice in slices {
        parts.append(try TensorSlice.Part(fullShape: spec.shape, slice: slice))
      }
      return parts
    }
  }

  /// The dtype and the shape of a part.
  func spec(of part: TensorSlice.Part?) throws(CheckpointError) -> TensorSpec {
    guard let part else { return spec }
    return TensorSpec(spec.dtype, try part.slice.region(in: part.fullShape).shape)
  }

  /// Reads a part.
  func tensor(_ part: TensorSlice.Part?) throws(CheckpointError) -> AnyTensor {
    switch values {
    case .known(let tensor): tensor
    case .stored(let source, let key): try source.reader.tensor(for: key, slice: part?.slice)
    }
  }
}
