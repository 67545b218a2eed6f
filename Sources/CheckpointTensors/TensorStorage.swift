package import CheckpointIO
import CheckpointPlatform
public import Synchronization

/// Memory that holds a tensor's elements: 64-byte aligned, and shared by copies of the tensor until
/// one of them is written to.
@safe
@usableFromInline
package final class TensorStorage: @unchecked Sendable {
  // Sendable: it is written to only while a single reference exists, see `Tensor`. Whoever had another
  // reference has finished reading by then: see `read(_:)`.

  /// How the memory came about, and so how it is given back.
  @safe
  private enum Owner {
    case allocation
    case elements(destroy: (UnsafeMutableRawPointer) -> Void)
    case mapping(MappedFile)
    case whole(TensorStorage)
  }

  @usableFromInline let start: UnsafeMutableRawPointer
  /// The size in bytes.
  package let byteCount: Int
  private let owner: Owner
  // Whether it may be written to at all: a mapped file is not.
  @usableFromInline let isWritable: Bool
  // How often this memory has been read by somebody who may have shared it.
  @usableFromInline let readCount = Atomic<UInt>(0)

  /// Allocates memory whose bytes are not yet set.
  ///
  /// - Precondition: The system has so much. ``init(allocating:)`` is for sizes that a file says.
  package init(uninitializedByteCount byteCount: Int) {
    self.byteCount = byteCount
    unsafe start = Self.allocate(byteCount)
    (owner, isWritable) = (.allocation, true)
  }

  /// Allocates memory whose bytes are not yet set, if the system has so much.
  ///
  /// - Throws: `io` with `ENOMEM` if it has not.
  package init(allocating byteCount: Int) throws(CheckpointError) {
    guard let start = unsafe Self.allocateIfPossible(byteCount) else {
      var error = CheckpointError(
        .io,
        "the system has no memory for a tensor of \(byteCount) bytes; read a part of it, or restore with the "
          + "placement mapped")
      error.systemError = ENOMEM
      throw error
    }
    self.byteCount = byteCount
    unsafe self.start = start
    (owner, isWritable) = (.allocation, true)
  }

  /// Allocates memory and fills it with a copy of `bytes`.
  package convenience init(copying bytes: RawSpan) {
    self.init(uninitializedByteCount: bytes.byteCount)
    unsafe bytes.withUnsafeBytes { unsafe copy($0) }
  }

  private func copy(_ source: UnsafeRawBufferPointer) {
    guard let base = source.baseAddress else { return }
    unsafe start.copyMemory(from: base, byteCount: min(source.count, byteCount))
  }

  /// Allocates memory and fills it with a copy of `elements`.
  ///
  /// - Precondition: The type's size is that of its dtype, where that has one.
  convenience init<Element: TensorScalar>(_ elements: [Element]) {
    unsafe self.init(of: Element.self, count: elements.count) { memory in
      _ = unsafe memory.initialize(fromContentsOf: elements)
    }
  }

  /// Allocates memory of elements that `fill` initializes, all of them.
  ///
  /// - Precondition: The type's size is that of its dtype, where that has one.
  @usableFromInline
  convenience init<Element: TensorScalar>(
    of type: Element.Type, count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    guard let width = Element.dtype.byteWidth else {
      unsafe self.init(values: type, count: count, fill)
      return
    }
    precondition(width == MemoryLayout<Element>.stride, "\(Element.self) is not \(width) bytes")
    self.init(uninitializedByteCount: count * width)
    unsafe fill(
      UnsafeMutableBufferPointer(
        start: start.bindMemory(to: Element.self, capacity: count), count: count))
  }

  /// Allocates memory for Swift values that are more than their bytes, such as strings: `fill` initializes all.
  private init<Element>(
    values: Element.Type, count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    byteCount = count * MemoryLayout<Element>.stride
    unsafe start = Self.allocate(byteCount)
    unsafe fill(
      UnsafeMutableBufferPointer(
        start: start.bindMemory(to: Element.self, capacity: count), count: count))
    unsafe owner = .elements { start in
      unsafe start.assumingMemoryBound(to: Element.self).deinitialize(count: count)
    }
    isWritable = true
  }

  /// The memory of a part of a mapped file, which stays mapped for as long as this lives.
  ///
  /// `range` lies within the file: the caller has checked it.
  package init?(mapping file: MappedFile, range: Range<Int>) {
    guard let base = unsafe file.address else { return nil }
    precondition(range.lowerBound >= 0 && range.upperBound <= file.bytes.byteCount)
    byteCount = range.count
    unsafe start = base + range.lowerBound
    (owner, isWritable) = (.mapping(file), false)
  }

  /// A part of a larger piece of memory, which stays for as long as any of its parts lives.
  ///
  /// Nobody else uses these bytes. Memory for many small tensors is asked for once.
  package init(part range: Range<Int>, of whole: TensorStorage) {
    precondition(range.lowerBound >= 0 && range.upperBound <= whole.byteCount)
    byteCount = range.count
    unsafe start = whole.start + range.lowerBound
    (owner, isWritable) = (.whole(whole), true)
  }

  deinit {
    orderAfterReaders()
    switch owner {
    case .allocation:
      unsafe free(start)
    case .elements(let destroy):
      unsafe destroy(start)
      unsafe free(start)
    case .mapping: break
    case .whole(let whole): whole.noteRead()  // what happened to its part has happened to it
    }
  }

  /// Whether nobody else sees what is written to the memory of a tensor.
  @inlinable
  static func isOwned(_ storage: inout TensorStorage) -> Bool {
    guard isKnownUniquelyReferenced(&storage), storage.isWritable else { return false }
    storage.orderAfterReaders()
    return true
  }

  /// Fills the memory of a tensor, or new memory in its place if others share it, with all elements.
  ///
  /// - Returns: Whether it could: see ``TensorStorable/fillTensorBytes(_:)``.
  package static func fill(
    _ storage: inout TensorStorage, of dtype: DType,
    _ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> Bool {
    // Any bytes are numbers; strings are more than bytes, and not every byte is a Bool.
    guard dtype.byteWidth != nil, dtype != .bool else { return false }
    if !isOwned(&storage) {
      storage = try TensorStorage(allocating: storage.byteCount)
    }
    try storage.withMutableBytes(fill)
    return true
  }

  // MARK: Sharing
  //
  // A save in the background reads a tensor and lets go of it; then the program, which has the only
  // reference now, writes to it in place. That the reading has happened before the writing follows from
  // the two counting references in between, which is a matter of the Swift runtime (a release is a
  // store-release, and a count of one is loaded with consume), and promised nowhere. So it is said
  // once more in terms of the language: every reading ends with an atomic operation that releases, and
  // every writing, and giving the memory back, begins with a load of the same place that acquires. Each
  // takes nanoseconds for a whole tensor. Tools that do not look into the runtime, such as
  // ThreadSanitizer, see it as well.

  /// Calls `body` with the bytes: for whoever may share the memory with another thread.
  package func read<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    defer { noteRead() }
    return try body(bytes)
  }

  // An addition: unlike a store, it does not hide what other threads have released there before.
  private func noteRead() { readCount.wrappingAdd(1, ordering: .releasing) }

  @inlinable
  func orderAfterReaders() { _ = readCount.load(ordering: .acquiring) }

  // MARK: The bytes

  /// Whether elements of a type can lie here.
  func isAligned<Element>(for type: Element.Type) -> Bool {
    unsafe UInt(bitPattern: start) % UInt(MemoryLayout<Element>.alignment) == 0
  }

  /// The bytes.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // `start` is the beginning of `byteCount` bytes for as long as this object lives.
      let buffer = unsafe UnsafeRawBufferPointer(start: start, count: byteCount)
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
    }
  }

  /// Calls `body` with the bytes for writing.
  ///
  /// The caller is the only owner of this storage: nobody else reads it meanwhile.
  package func withMutableBytes<Result>(
    _ body: (inout MutableRawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    try withMutableBytes(in: 0..<byteCount, body)
  }

  /// Calls `body` with a part of the bytes for writing.
  ///
  /// Nobody else reads or writes this part meanwhile; others may write to other parts.
  package func withMutableBytes<Result>(
    in range: Range<Int>, _ body: (inout MutableRawSpan) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    let buffer = unsafe UnsafeMutableRawBufferPointer(
      start: start + range.lowerBound, count: range.count)
    var span = unsafe MutableRawSpan(_unsafeBytes: buffer)
    return try body(&span)
  }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    guard let start = unsafe allocateIfPossible(byteCount) else {
      preconditionFailure("there is no memory for \(byteCount) bytes")
    }
    return unsafe start
  }

  private static func allocateIfPossible(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let isLarge = byteCount >= hugePage
    let start = unsafe allocateMemory(byteCount, alignment: isLarge ? hugePage : 64)
    if isLarge, let start = unsafe start { unsafe preferLargePages(start, byteCount) }
    return unsafe start
  }

  private static let hugePage = 2 << 20
}
