import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointWire

/// The index of a bundle, open for reading: what it says of tensors, and of slices of them.
///
/// Opening reads the end of the file only; an entry is looked up in the block that has it.
struct BundleIndexReader: Sendable {
  /// What the names of the bundle's files begin with.
  let prefix: String
  /// The file.
  let file: PooledFile
  /// What the index says of all data files.
  let header: BundleHeader
  private let table: TableReader

  /// Reads the header.
  ///
  /// - Throws: `corrupt` or `truncated` if it is damaged; `unsupported` if it is of a later version.
  init(_ file: PooledFile, prefix: String) throws(CheckpointError) {
    self.prefix = prefix
    self.file = file
    table = try TableReader(file)
    header = try Self.header(of: table)
  }

  private static func header(of table: TableReader) throws(CheckpointError) -> BundleHeader {
    let none: [UInt8] = []
    do throws(CheckpointError) {
      let header = try table.withValue(for: none.span) { value throws(CheckpointError) in
        try BundleHeader(message: value)
      }
      if let header { return header }
      throw CheckpointError(.corrupt, "the index has no header; it is no index of a V2 checkpoint")
    } catch {
      throw error.located(file: table.path)
    }
  }

  /// The path of the index.
  var path: String { BundlePath(prefix).index }

  /// Says of an error that the checkpoint was deleted or replaced meanwhile, if that is its cause.
  func explained(_ error: CheckpointError) -> CheckpointError {
    file.explained(error, path: prefix)
  }

  /// Closes the file until it is needed.
  func closeFile(keepsChecksum: Bool) {
    file.close(keepsChecksum: keepsChecksum)
    table.forgetBlocks()  // the next look-up compares the index
  }

  // MARK: Looking up

  /// What the index says under a key: of a tensor, or of a slice.
  func entry(for key: TensorKey) throws(CheckpointError) -> BundleEntry? {
    guard !key.bytes.isEmpty else { return nil }  // the header's
    do throws(CheckpointError) {
      return try table.withValue(for: key.bytes.span) { value throws(CheckpointError) in
        try self.decode(value)
      }
    } catch {
      throw explained(error).located(file: path, key: key.description)
    }
  }

  /// Calls `body` with the positions and the entries of those requests that the index has.
  ///
  /// Takes one pass over the index, however many they are.
  func forEachEntry(of requests: [TensorRequest], _ body: (Int, BundleEntry) -> Void)
    throws(CheckpointError)
  {
    let order = Self.order(of: requests)
    var keys = KeyList()
    let span = requests.span  // looked at in their places: copies would count references
    for index in order { keys.append(span[index].key.bytes.span) }
    do throws(CheckpointError) {
      try table.forEachValue(ofSorted: keys) { position, value throws(CheckpointError) in
        guard let value, !keys[position].isEmpty else { return }  // the empty key is the header's
        do throws(CheckpointError) {
          body(order[position], try decode(value))
        } catch {
          throw error.located(key: TensorKey(copying: keys[position]).description)
        }
      }
    } catch {
      throw explained(error).located(file: path)
    }
  }

  // The positions in byte order of the keys; most often they are in order.
  private static func order(of requests: [TensorRequest]) -> [Int] {
    let span = requests.span
    func isBefore(_ left: Int, _ right: Int) -> Bool {
      span[left].key.bytes.span.precedes(span[right].key.bytes.span)
    }
    let isAscending = span.indices.dropFirst().allSatisfy { !isBefore($0, $0 - 1) }
    return isAscending ? Array(span.indices) : span.indices.sorted(by: isBefore)
  }

  // MARK: Going through

  /// Calls `body` with every key and entry of the index but the header, those of slices included.
  func forEachEntry(_ body: (Span<UInt8>, BundleEntry) throws(CheckpointError) -> Void)
    throws(CheckpointError)
  {
    var isHeader = true
    do throws(CheckpointError) {
      try table.forEach { key, value throws(CheckpointError) in
        guard !isHeader else {
          isHeader = false  // the empty key comes first; keys ascend, so there is one
          return
        }
        let entry: BundleEntry
        do throws(CheckpointError) {
          entry = try self.decode(value)
        } catch {
          throw error.located(file: self.path, key: TensorKey(copying: key).description)
        }
        try body(key, entry)
      }
    } catch {
      throw explained(error)
    }
  }

  /// Calls `body` with every key and entry that can be read, and `damage` with all that is wrong with
  /// the others.
  func forEachReadableEntry(
    _ body: (Span<UInt8>, BundleEntry) -> Void, damage: (CheckpointError) -> Void
  ) {
    table.forEachReadable { key, value in
      guard !key.isEmpty else { return }  // the header
      do throws(CheckpointError) {
        body(key, try self.decode(value))
      } catch {
        damage(error.located(file: self.path, key: TensorKey(copying: key).description))
      }
    } damage: {
      damage($0)
    }
  }

  /// What is wrong with a part of the index that no reader needs; `nil` if nothing is.
  var unusedDamage: CheckpointError? {
    do throws(CheckpointError) {
      try table.checkMetaindex()
      return nil
    } catch {
      return error.located(file: path)
    }
  }

  private func decode(_ value: Span<UInt8>) throws(CheckpointError) -> BundleEntry {
    do throws(CheckpointError) {
      let entry = try BundleEntry(message: value)
      guard entry.shard < header.shardCount || !entry.slices.isEmpty else {
        throw CheckpointError(
          .corrupt, "the entry names data file \(entry.shard), there are \(header.shardCount)")
      }
      return entry
    } catch {
      var error = error
      error.offset = nil  // it counts from the entry, not from the file
      throw error
    }
  }
}
