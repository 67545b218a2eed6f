public import CheckpointIO

extension MetaGraphSummary {
  /// How a saver of TensorFlow's graphs saves: the settings, and the names of its operations.
  ///
  ///     let definition = try MetaGraphSummary(contentsOf: "run/model-1000.meta").saverDefinition
  ///     print(definition?.maxToKeep ?? 5)
  ///
  /// Source: tensorflow/core/protobuf/saver.proto, `SaverDef`.
  public struct SaverDefinition: Hashable, Sendable {
    /// The format of the files that a saver writes.
    public struct FormatVersion: RawRepresentable, Hashable, Sendable {
      /// TensorFlow's number.
      public let rawValue: Int32
      /// The version of a number.
      public init(rawValue: Int32) { self.rawValue = rawValue }
      /// V1, as saved by savers that did not know any version.
      public static let legacy = FormatVersion(rawValue: 0)
      /// One file of saved slices for each shard.
      public static let v1 = FormatVersion(rawValue: 1)
      /// An index and data files.
      public static let v2 = FormatVersion(rawValue: 2)
    }

    /// The tensor that takes the prefix: `save/Const:0`.
    public var filenameTensorName: String
    /// The tensor that saves when it is evaluated: `save/control_dependency:0`.
    public var saveTensorName: String
    /// The operation that restores: `save/restore_all`.
    public var restoreOpName: String
    /// How many checkpoints are kept; 0 for all.
    public var maxToKeep: Int
    /// Whether the variables of each device go to a data file of their own.
    public var isSharded: Bool
    /// Of how many hours one checkpoint is kept for ever.
    public var keepCheckpointEveryNHours: Float
    /// The format.
    public var version: FormatVersion

    /// Creates a definition; without arguments that of TensorFlow's `Saver()`.
    public init(
      filenameTensorName: String = "save/Const:0",
      saveTensorName: String = "save/control_dependency:0",
      restoreOpName: String = "save/restore_all", maxToKeep: Int = 5, isSharded: Bool = false,
      keepCheckpointEveryNHours: Float = 10_000, version: FormatVersion = .v2
    ) {
      self.filenameTensorName = filenameTensorName
      self.saveTensorName = saveTensorName
      self.restoreOpName = restoreOpName
      self.maxToKeep = maxToKeep
      self.isSharded = isSharded
      self.keepCheckpointEveryNHours = keepCheckpointEveryNHours
      self.version = version
    }

    /// Reads the bytes of a SaverDef message.
    ///
    /// - Throws: `corrupt` or `truncated` for bytes of another form.
    public init(serialized bytes: [UInt8]) throws(CheckpointError) {
      self.init(try SaverMessage(message: bytes.span))
    }

    init(_ message: SaverMessage) {
      self.init(
        filenameTensorName: message.filenameTensorName, saveTensorName: message.saveTensorName,
        restoreOpName: message.restoreOpName, maxToKeep: Int(message.maxToKeep),
        isSharded: message.isSharded, keepCheckpointEveryNHours: message.keepCheckpointEveryNHours,
        version: FormatVersion(rawValue: message.version))
    }

    /// The bytes of the SaverDef message, as TensorFlow writes them.
    ///
    /// A ``maxToKeep`` that has more than 32 bits is written as the nearest number that has not.
    public func serialized() -> [UInt8] {
      var message = SaverMessage()
      message.filenameTensorName = filenameTensorName
      message.saveTensorName = saveTensorName
      message.restoreOpName = restoreOpName
      message.maxToKeep = Int32(clamping: maxToKeep)
      message.isSharded = isSharded
      message.keepCheckpointEveryNHours = keepCheckpointEveryNHours
      message.version = version.rawValue
      return message.message
    }

    /// The definition with a name scope taken off its names; `nil` if they are not all in it.
    ///
    /// Source: tensorflow/python/training/saver.py, `Saver.to_proto`.
    public func strippingScope(_ scope: String) -> SaverDefinition? {
      let names = [filenameTensorName, saveTensorName, restoreOpName]
      guard names.allSatisfy({ $0.utf8.starts(with: scope.utf8) }) else { return nil }
      var definition = self
      definition.filenameTensorName = Self.stripping(scope, from: filenameTensorName)
      definition.saveTensorName = Self.stripping(scope, from: saveTensorName)
      definition.restoreOpName = Self.stripping(scope, from: restoreOpName)
      return definition
    }

    // The scope, and the slashes behind it: of `outer_1/save` the scope `outer` is no scope. One slash
    // at the scope's end counts as none.
    private static func stripping(_ scope: String, from name: String) -> String {
      let scope = scope.utf8.last == UInt8(ascii: "/") ? String(scope.dropLast()) : scope
      guard !scope.isEmpty, name.utf8.starts(with: scope.utf8) else { return name }
      let rest = name.utf8.dropFirst(scope.utf8.count)
      let stripped = rest.drop { $0 == UInt8(ascii: "/") }
      return stripped.count < rest.count ? String(decoding: stripped, as: UTF8.self) : name
    }
  }
}
