import CheckpointGraph
import CheckpointStore
package import CheckpointIO
package import CheckpointTensors

/// Which tensor goes under which key into which data file, in the order in which they are written.
///
/// Both front ends make one; ``SaveExecutor`` carries it out.
package struct SavePlan {
  /// Who has a tensor, of the processes that save together.
  package enum Holder: Sendable, Hashable {
    /// All have it.
    case all
    /// All have it, and that of rank 0 counts.
    case leader
    /// Only this process has it.
    case this
    /// Each process has a state of its own; rank 0 writes those of all, as one.
    case each
  }

  /// One tensor to be written.
  package struct Item {
    /// Where the values come from.
    package private(set) var variable: any TensorStorable & AnyObject
    /// What it is: asked once, since everybody needs it.
    package let spec: TensorSpec
    /// The key.
    package let key: TensorKey
    /// Where they belong, if they are a part of a partitioned tensor.
    package let part: TensorSlice.Part?
    /// The data file, counted from 0.
    package var shard = 0
    /// Who has it, of the processes that save together.
    package var holder = Holder.all

    package init(
      _ variable: any TensorStorable & AnyObject, key: TensorKey, part: TensorSlice.Part? = nil,
      holder: Holder = .all
    ) {
      self.variable = variable
      self.key = key
      self.part = part
      self.holder = holder
      spec = variable.tensorSpec
    }

    /// Gives the variable away; `other` takes its place.
    fileprivate mutating func take(leaving other: any TensorStorable & AnyObject)
      -> any TensorStorable & AnyObject
    {
      defer { variable = other }
      return variable
    }
  }

  /// The tensors, in order.
  package var items: [Item]
  /// How many data files there are.
  package internal(set) var shardCount = 1
  /// What somebody should know who has asked for it: data files that are larger than wanted.
  package internal(set) var notes: [CheckpointError] = []

  /// Plans one data file; partitioned variables become an item for each part.
  ///
  /// Values without fixed width, strings and states, are taken at once: how many bytes they have is
  /// asked several times before they are written, and all answers have to be about the same values.
  ///
  /// - Parameters:
  ///   - items: What is saved.
  ///   - keepsParts: Whether the parts of partitioned variables are stored one by one; else the whole is.
  /// - Throws: What the variable's own type throws.
  package init(items: consuming [Item], keepsParts: Bool = true) throws(CheckpointError) {
    if keepsParts, items.contains(where: { $0.variable.isPartitioned }) {
      self.items = items.flatMap(\.parts)
    } else {
      self.items = consume items
    }
    for index in self.items.indices where self.items[index].spec.dtype.byteWidth == nil {
      self.items[index] = try self.items[index].taken()
    }
  }

  /// For each data file how many bytes the numbers in it take; strings come on top.
  package var shardByteCounts: [UInt64] {
    var counts = [UInt64](repeating: 0, count: shardCount)
    let items = items.span  // looked at in their places: copies would count references
    for index in items.indices {
      counts[items[index].shard] &+= UInt64(items[index].spec.byteCount ?? 0)
    }
    return counts
  }

  /// How many bytes the numbers take; strings come on top.
  package var byteCount: UInt64 { shardByteCounts.reduce(0, &+) }
}

extension SavePlan {
  /// Writes everything to a writer of somebody's own, finishes it, and warns of what was left out.
  ///
  /// - Throws: What the writer throws.
  package consuming func save(into writer: inout some TensorWriter) throws(CheckpointError) {
    let notes = notes
    try write(into: &writer)
    for note in notes { CheckpointWarnings.warn("\(note)") }
  }

  /// Writes everything to a writer, in order, and finishes it.
  ///
  /// - Throws: What the writer throws.
  package consuming func write(into writer: inout some TensorWriter) throws(CheckpointError) {
    try forEachTaken { variable, key, part, _ throws(CheckpointError) in
      try writer.add(variable, for: key, part: part)
    }
    try writer.finish()
  }

  /// Calls `body` with each variable, in order, its key, its part and its data file; afterwards nothing here
  /// refers to the variable.
  consuming func forEachTaken(
    _ body: (any TensorStorable & AnyObject, TensorKey, TensorSlice.Part?, Int)
      throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let nothing = TensorBox(Tensor<UInt8>([]))
    for index in items.indices {
      let variable = items[index].take(leaving: nothing)
      try body(variable, items[index].key, items[index].part, items[index].shard)
    }
  }
}

extension SavePlan.Item {
  // With the values of this moment.
  fileprivate func taken() throws(CheckpointError) -> SavePlan.Item {
    let variable = variable as? any TensorVariable
    let copy: TensorBox<AnyTensor>
    do throws(CheckpointError) {
      copy = TensorBox(try self.variable.tensorSnapshot(), name: variable?.name)
    } catch {
      throw error.located(key: key.description)
    }
    copy.device = variable?.device
    var item = SavePlan.Item(copy, key: key, part: part, holder: holder)
    item.shard = shard
    return item
  }

  fileprivate var parts: [SavePlan.Item] {
    guard variable.isPartitioned, let whole = variable as? PartitionedVariable else {
      return [self]
    }
    // If some parts are missing here, other processes have them, and this one writes its own.
    let holder = whole.isComplete ? holder : .this
    return whole.requests(for: key).map {
      SavePlan.Item($0.variable, key: key, part: $0.part, holder: holder)
    }
  }
}

extension TensorStorable {
  /// Whether it is in parts: compares types, which takes less than a cast for each of many variables.
  var isPartitioned: Bool { type(of: self) == PartitionedVariable.self }
}
