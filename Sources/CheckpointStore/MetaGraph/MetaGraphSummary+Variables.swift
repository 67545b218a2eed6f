import CheckpointIO
public import CheckpointTensors

extension MetaGraphSummary {
  /// A variable of the program that wrote a `.meta` file.
  public struct Variable: Hashable, Sendable {
    /// When replicas' values become one.
    public struct Synchronization: RawRepresentable, Hashable, Sendable {
      /// TensorFlow's number.
      public let rawValue: Int32
      /// The way of a number.
      public init(rawValue: Int32) { self.rawValue = rawValue }
      /// As the program's strategy decides.
      public static let auto = Synchronization(rawValue: 0)
      /// There is one value only.
      public static let none = Synchronization(rawValue: 1)
      /// Whenever it is written.
      public static let onWrite = Synchronization(rawValue: 2)
      /// Whenever it is read.
      public static let onRead = Synchronization(rawValue: 3)
    }

    /// How replicas' values become one.
    public struct Aggregation: RawRepresentable, Hashable, Sendable {
      /// TensorFlow's number.
      public let rawValue: Int32
      /// The way of a number.
      public init(rawValue: Int32) { self.rawValue = rawValue }
      /// They do not.
      public static let none = Aggregation(rawValue: 0)
      /// Their sum.
      public static let sum = Aggregation(rawValue: 1)
      /// Their mean.
      public static let mean = Aggregation(rawValue: 2)
      /// The first one's.
      public static let onlyFirstReplica = Aggregation(rawValue: 3)
    }

    /// The name, without the number of its output: `w/part_0`.
    public let name: String
    /// The name that it is saved under by default: of a part that of the whole variable, `w`.
    public let fullName: String
    /// Which part it is, if the variable is partitioned.
    public let part: TensorSlice.Part?
    /// Whether it is trained.
    public let isTrainable: Bool
    /// Whether it is a resource, as all are since TensorFlow 2.
    public let isResource: Bool
    /// When replicas' values become one.
    public let synchronization: Synchronization
    /// How replicas' values become one.
    public let aggregation: Aggregation
  }

  // Those that are global, each once. The collection of trainable ones may have others, which are not
  // saved; it only tells which of these are trained.
  static func variables(of message: MetaGraphMessage) throws(CheckpointError) -> [Variable] {
    let trained = Set(message.trainableVariables.map { TensorKey($0.variableName) })
    var known: Set<TensorKey> = []
    var variables: [Variable] = []
    for variable in message.variables {
      let key = TensorKey(variable.variableName)
      guard known.insert(key).inserted else { continue }
      variables.append(try Variable(variable, isTrained: trained.contains(key)))
    }
    return variables
  }
}

extension MetaGraphSummary.Variable {
  // Files before TensorFlow 1.9 have no field for it: there, being in the collection is all.
  init(_ message: VariableMessage, isTrained: Bool) throws(CheckpointError) {
    guard !message.variableName.isEmpty else {
      throw CheckpointError(.corrupt, "a variable has no name")
    }
    name = String(GraphName(message.variableName).node)
    isTrainable = message.isTrainable || isTrained
    isResource = message.isResource
    synchronization = Synchronization(rawValue: message.synchronization)
    aggregation = Aggregation(rawValue: message.aggregation)
    do throws(CheckpointError) {
      part = try message.sliceInfo?.part
    } catch {
      throw CheckpointError(.corrupt, error.message, key: name)
    }
    fullName = message.sliceInfo?.fullName ?? name
  }
}

extension SliceInfoMessage {
  fileprivate var part: TensorSlice.Part? {
    get throws(CheckpointError) {
      guard !fullShape.isEmpty else { return nil }  // a message without content
      guard offsets.count == fullShape.count, shape.count == fullShape.count else {
        throw CheckpointError(.corrupt, "a slice of \(offsets.count) and \(shape.count) dimensions")
      }
      return try TensorSlice.Part(
        fullShape: TensorShape(stored: fullShape),
        slice: TensorSlice(starts: offsets, shape: TensorShape(stored: shape)))
    }
  }
}
