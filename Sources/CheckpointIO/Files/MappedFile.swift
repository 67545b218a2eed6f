import CheckpointPlatform

/// A file mapped into memory for reading, for as long as this object lives.
///
/// Nothing is read until it is touched, and nothing is copied. The price: if another program makes
/// the file shorter meanwhile, touching the part that is gone ends the process (SIGBUS), which is
/// why maps are made only where the caller asks for them.
@safe
package final class MappedFile: @unchecked Sendable {  // the mapping never changes
  private let start: UnsafeMutableRawPointer?
  private let byteCount: Int

  init(descriptor: CInt, byteCount: UInt64, path: String) throws(CheckpointError) {
    let size = Int(byteCount)  // the system counts a file's bytes in 63 bits
    self.byteCount = size
    guard size > 0 else {
      unsafe start = nil
      return
    }
    let address = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .system("map \(size) bytes", errno: errno, file: path)
    }
    unsafe start = address
  }

  deinit {
    if let start = unsafe start { unsafe munmap(start, byteCount) }
  }

  /// The file's bytes.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // `start` is the beginning of `byteCount` mapped bytes until `deinit`, and `nil` only for 0.
      let buffer = unsafe UnsafeRawBufferPointer(start: start, count: byteCount)
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
    }
  }

  /// The address of the first byte: for memory that keeps this object alive.
  package var address: UnsafeMutableRawPointer? { unsafe start }
}
