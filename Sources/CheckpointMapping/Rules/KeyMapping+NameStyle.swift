import CheckpointGraph
public import CheckpointTensors

// One variable, in the form of each style:
//
//   dotted    model.layers.0.kernel
//   slashed   model/layers/0/kernel
//   objects   model/layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE
//
// From an object key to a dotted name: "/.ATTRIBUTES/VARIABLE_VALUE" goes, every "/" becomes ".". The
// way back: ".." is the escaped dot of a local name and stays, "..ATTRIBUTES." and "..OPTIMIZER_SLOT."
// are TensorFlow's marks, every other "." becomes "/". A key that would not come back so keeps its form:
// one of a local name that has a slash.

extension KeyMapping {
  /// How the names of variables are written.
  ///
  ///     try checkpoint.restore(from: "model.safetensors", mapping: .names(.slashed))
  ///
  /// PyTorch, MLX and Hugging Face write dots between the parts of a name, TensorFlow writes slashes.
  /// See <doc:SafetensorsAndHuggingFace>.
  public enum NameStyle: String, Sendable, CaseIterable {
    /// Dots: `model.layers.0.kernel`, as in most safetensors files.
    case dotted
    /// Slashes: `model/layers/0/kernel`, as a ``Saver`` and TensorFlow 1 name variables, and as the
    /// variables of a ``Checkpoint`` are found in a checkpoint without objects.
    case slashed
    /// Keys of objects: `model/layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE`, as TensorFlow 2 stores them.
    case objects

    /// A name in this style, whatever style it is in.
    ///
    /// Different objects have different names in every style, and ``objects`` makes of dotted names the
    /// keys that they were.
    ///
    /// - Parameter key: A name, or the key of an object's variable.
    /// - Returns: The same in this style; the key of the object graph as it is.
    public func name(of key: TensorKey) -> TensorKey {
      guard key != Self.graph else { return key }
      return TensorKey(bytes: self.bytes(of: key.bytes))
    }

    private func bytes(of name: [UInt8]) -> [UInt8] {
      switch self {
      case .dotted: Self.dotted(name)
      case .slashed: Self.slashed(name)
      case .objects: Self.objectKey(name)
      }
    }

    private static let graph = TensorKey(ObjectGraph.key)
  }

  /// A mapping of all names to one style.
  public static func names(_ style: NameStyle) -> KeyMapping { KeyMapping([.names(style)]) }
}

// MARK: Bytes

extension KeyMapping.NameStyle {
  private static let dot = UInt8(ascii: ".")
  private static let slash = UInt8(ascii: "/")
  private static let attributes = Array(CheckpointKey.key(path: "", attribute: "").utf8)
  // With the dots that a dotted name has in the place of slashes.
  private static let marks = ["..ATTRIBUTES.", "..OPTIMIZER_SLOT."].map { Array($0.utf8) }

  private static func dotted(_ name: [UInt8]) -> [UInt8] {
    let dotted = withoutValue(name).map { $0 == slash ? dot : $0 }
    return isObjectKey(name) && objectKey(dotted) != name ? name : dotted
  }

  private static func slashed(_ name: [UInt8]) -> [UInt8] {
    isObjectKey(name) ? withoutValue(name) : withSlashes(name)
  }

  private static func objectKey(_ name: [UInt8]) -> [UInt8] {
    guard !isObjectKey(name) else { return name }
    let path = withSlashes(name)
    return isObjectKey(path) ? path : path + CheckpointKey.variableEnding
  }

  private static func isObjectKey(_ name: [UInt8]) -> Bool {
    name.firstRange(of: attributes) != nil
  }

  private static func withoutValue(_ name: [UInt8]) -> [UInt8] {
    CheckpointKey.path(ofVariable: name).map(Array.init) ?? name
  }

  // A name with a slash is no dotted one.
  private static func withSlashes(_ name: [UInt8]) -> [UInt8] {
    guard name.contains(dot), !name.contains(slash) else { return name }
    var path: [UInt8] = []
    var rest = name[...]
    while let byte = rest.popFirst() {
      if byte != dot {
        path.append(byte)
      } else if let mark = marks.first(where: { rest.starts(with: $0.dropFirst()) }) {
        path += [slash, dot] + mark.dropFirst(2).dropLast() + [slash]
        rest = rest.dropFirst(mark.count - 1)
      } else if rest.first == dot {
        rest = rest.dropFirst()
        path += [dot, dot]
      } else {
        path.append(slash)
      }
    }
    return path
  }
}
