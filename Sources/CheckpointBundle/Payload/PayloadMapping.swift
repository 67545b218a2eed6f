import CheckpointIO
import CheckpointTensors

/// Many payloads as views of their mapped data files, as far as they lie there as memory needs them;
/// the others are read.
struct PayloadMapping {
  private let shards: ShardSet
  private var files: ShardCursor
  private var maps: [Int: MappedFile] = [:]
  private var memory: [TensorStorage?] = []
  private var mapped: [Int] = []  // the payloads that are, by their positions
  private var unmapped: [Int] = []

  /// Maps payloads of fixed width, ordered by data file and offset.
  ///
  /// - Parameters:
  ///   - payloads: The payloads.
  ///   - shards: The data files.
  ///   - isChecked: Whether the checksums of those that are mapped are compared.
  ///   - naming: Says whose payload cannot be read.
  /// - Returns: The elements of each.
  /// - Throws: As ``PayloadBatch`` does.
  static func map(
    _ payloads: [StoredPayload], from shards: ShardSet, isChecked: Bool, naming: PayloadNaming
  ) throws(CheckpointError) -> [TensorStorage] {
    var mapping = PayloadMapping(shards: shards)
    for payload in payloads {
      do throws(CheckpointError) {
        try mapping.add(payload)
      } catch {
        throw naming(error, payload.number)
      }
    }
    if isChecked { try mapping.check(payloads, naming) }
    return try mapping.finish(payloads, naming)
  }

  private init(shards: ShardSet) {
    self.shards = shards
    files = ShardCursor(shards)
  }

  private mutating func add(_ payload: StoredPayload) throws(CheckpointError) {
    let byteCount = try files.checkedByteCount(of: payload)
    let position = memory.count
    if byteCount > 0, isPlain(payload) {
      // Within the file, whose size is that of the map: it was just checked.
      let start = Int(payload.range.offset)
      memory.append(
        TensorStorage(mapping: try map(payload.shard), range: start..<start + byteCount))
      mapped.append(position)
    } else {
      memory.append(nil)
      unmapped.append(position)
    }
  }

  // A map begins at a page: the offset alone says how an address in it is aligned.
  private func isPlain(_ payload: StoredPayload) -> Bool {
    let width = payload.dtype.byteOrderWidth ?? 1
    return payload.range.offset % UInt64(width) == 0 && (width == 1 || !shards.isBigEndian)
  }

  private mutating func map(_ shard: Int) throws(CheckpointError) -> MappedFile {
    if let map = maps[shard] { return map }
    let map = try shards.file(shard).map()
    maps[shard] = map
    return map
  }

  private func check(_ payloads: [StoredPayload], _ naming: PayloadNaming) throws(CheckpointError) {
    try PayloadPass(mapped.map { payloads[$0] }, shards).run(naming: naming) { turn, _ in
      guard let storage = memory[mapped[turn.payload]] else { return CRC32C() }
      return CRC32C(of: storage.bytes.extracting(turn.place))
    }
  }

  private consuming func finish(_ payloads: [StoredPayload], _ naming: PayloadNaming)
    throws(CheckpointError) -> [TensorStorage]
  {
    var memory = memory
    let copies = try PayloadBatch.read(
      unmapped.map { payloads[$0] }, from: shards, naming: naming)
    for (position, copy) in zip(unmapped, copies) { memory[position] = copy }
    return memory.compactMap { $0 }  // each is mapped or read
  }
}
