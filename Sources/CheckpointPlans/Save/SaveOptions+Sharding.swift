extension SaveOptions {
  /// Over how many data files a save is spread, and by what.
  ///
  ///     let options = SaveOptions(sharding: .maxBytes(1 << 30))
  ///     let checkpoint = try Checkpoint(["model": model], options: options)
  ///
  /// Nobody who reads the checkpoint has to know: all data files together are one checkpoint.
  public enum Sharding: Sendable, Hashable {
    /// One data file: the default.
    case none
    /// A data file for each label that variables have as their device, in byte order of the labels;
    /// those without a label have one of their own, the first.
    ///
    /// What TensorFlow's savers call sharded.
    case perDevice
    /// So many data files, of about the same size; fewer, if there are fewer tensors.
    ///
    /// Tensors stay whole, and neighbours by name stay together.
    case count(Int)
    /// As many data files as it takes if none has more than so many bytes of values.
    ///
    /// Tensors that are larger than the rest of a file are stored in slices, as TensorFlow's
    /// `MaxShardSizePolicy` cuts them. Single elements are not cut, nor are tensors of a dtype that
    /// TensorFlow cannot join again (`float16`, `uint16`, `uint32`, `uint64`, `string`, those of less
    /// than a byte but `int4` and `uint4`, and the rarer ones): if one of them is larger, it has a data
    /// file of its own, and ``Saver/Saved/warnings`` says so. The number has to be at least
    /// the size of the widest element of the tensors that can be cut. The graph of a ``Checkpoint``
    /// comes on top. In a model directory, tensors stay whole: a file begins where the next tensor would make
    /// it larger; without this, at 5 GB.
    case maxBytes(Int)
    /// Each tensor goes to the data file that a rule of the program's own names: TensorFlow's
    /// `ShardingCallback`; see ``by(_:)``.
    ///
    /// The files have numbers without gaps, in the order of those that the rule names: 3, 7 and 1000
    /// become the first, the second and the third. Negative numbers are an error. Of a ``Checkpoint``
    /// the rule is asked about its graph as well, `_CHECKPOINTABLE_OBJECT_GRAPH`.
    case rule(Rule)
  }
}
