import CheckpointGraph
package import CheckpointTensors

/// How the names of a checkpoint say which layer a tensor belongs to: their parts stand between slashes, or
/// between dots where names have no slashes, as in PyTorch.
///
///     let names = LayerNames(entries.map(\.key))
///     print(names.layer(of: "bert/encoder/layer_0/dense/kernel"))  // bert/encoder/layer_0/dense
package struct LayerNames: Sendable {
  /// What stands between the parts of a name.
  package let separator: UInt8

  /// Finds out what the separator is: what more names have.
  package init(_ keys: some Sequence<TensorKey>) {
    var (slashes, dots) = (0, 0)
    for key in keys {
      if key.bytes.contains(Self.slash) {
        slashes += 1
      } else if key.bytes.contains(Self.dot) {
        dots += 1
      }
    }
    separator = dots > slashes ? Self.dot : Self.slash
  }

  /// The parts of a name, the outermost first, 100 at most; of the key of an object's variable, those of the
  /// variable.
  package func parts(of key: TensorKey) -> [ArraySlice<UInt8>] {
    let name = key.nameOfVariable
    return name.split(separator: separator, maxSplits: 99, omittingEmptySubsequences: false)
  }

  /// The name of the layer of a tensor: all parts but the last; that of the tensor, if it has one part.
  ///
  /// - Parameters:
  ///   - key: The tensor.
  ///   - depth: How many parts are kept at most.
  /// - Returns: The name, without an ending.
  package func layer(of key: TensorKey, depth: Int = .max) -> [UInt8] {
    let parts = parts(of: key)
    return join(parts.prefix(min(max(1, parts.count - 1), depth)))
  }

  /// Parts as a name.
  package func join(_ parts: some Sequence<ArraySlice<UInt8>>) -> [UInt8] {
    Array(parts.joined(separator: CollectionOfOne(separator)))
  }

  private static let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
}
