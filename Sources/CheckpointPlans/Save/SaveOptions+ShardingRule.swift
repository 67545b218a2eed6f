public import CheckpointIO
public import CheckpointTensors

extension SaveOptions.Sharding {
  /// A tensor, or a part of a partitioned one, that needs a data file.
  ///
  /// Source: tensorflow/python/checkpoint/sharding/sharding_util.py, `ShardableTensor`.
  public struct ShardableTensor: Sendable, Hashable {
    /// The key under which it is saved.
    public let key: TensorKey
    /// The dtype and the shape of what is saved: of the part, if it is one.
    public let spec: TensorSpec
    /// Where a part belongs in the whole tensor; `nil` for a whole one.
    public let slice: TensorSlice.Part?
    /// The label of the device that it belongs to.
    public let device: String?
    /// How many bytes it takes in a data file: of strings, with their lengths and checksums.
    public let byteCount: Int
  }

  /// A rule of the program's own; equal to its copies, and to no other.
  public struct Rule: Sendable, Hashable {
    /// Says which data file a tensor goes to: any number that is not negative.
    public typealias Assignment = @Sendable (ShardableTensor) throws(CheckpointError) -> Int

    private final class Box: Sendable {
      let assign: Assignment
      init(_ assign: @escaping Assignment) { self.assign = assign }
    }

    private let box: Box

    /// Creates a rule.
    ///
    /// - Parameter assign: Called once for each tensor at each save, in the order in which they are
    ///   saved; of a save in the background perhaps on another thread.
    public init(_ assign: @escaping Assignment) { box = Box(assign) }

    func file(for tensor: ShardableTensor) throws(CheckpointError) -> Int {
      do throws(CheckpointError) {
        return try box.assign(tensor)
      } catch {
        throw error.located(key: tensor.key.description)
      }
    }

    /// Whether two are copies of one.
    public static func == (one: Rule, other: Rule) -> Bool { one.box === other.box }

    /// Hashes what copies have in common.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(box)) }
  }

  /// Each tensor goes to the data file that a rule names.
  ///
  ///     options.sharding = .by { $0.key.description.hasPrefix("embedding/") ? 1 : 0 }
  ///
  /// - Parameter assign: The rule: see ``Rule/init(_:)``.
  /// - Returns: The sharding.
  public static func by(_ assign: @escaping Rule.Assignment) -> SaveOptions.Sharding {
    .rule(Rule(assign))
  }
}
