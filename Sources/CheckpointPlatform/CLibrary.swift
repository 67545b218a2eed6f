// The C library of the system, under one name for all that call it: the one place that knows what it
// is called where, and what in it differs from system to system.

#if canImport(Darwin)
@_exported public import Darwin
#elseif canImport(Musl)
@_exported public import Musl
#elseif canImport(Android)
@_exported public import Android
#else
@_exported public import Glibc
#endif

/// Has the drive write what it has taken of a file or directory, where `fsync` does not do that.
///
/// That is so on Apple's systems (fcntl(2), `F_FULLFSYNC`). Elsewhere there is no such call, and no need
/// of one.
package let emptyDriveCache: (@Sendable (_ descriptor: CInt) -> CInt)? = {
  #if canImport(Darwin)
  return { fcntl($0, F_FULLFSYNC) }
  #else
  return nil
  #endif
}()

extension stat {
  /// When the content last changed.
  package var modificationTime: timespec {
    #if canImport(Darwin)
    st_mtimespec
    #else
    st_mtim
    #endif
  }
}

extension sigaction {
  /// Sets what is called when the signal comes.
  package mutating func setHandler(_ handler: @escaping @convention(c) (CInt) -> Void) {
    #if canImport(Darwin)
    unsafe __sigaction_u.__sa_handler = handler
    #elseif canImport(Musl)
    unsafe __sa_handler.sa_handler = handler
    #elseif canImport(Android)
    unsafe sa_handler = handler
    #else
    unsafe __sigaction_handler.sa_handler = handler
    #endif
  }
}

/// Memory whose bytes are not yet set, to be given back by `free`; `nil` if the system has not so much.
///
/// - Parameters:
///   - byteCount: How many bytes.
///   - alignment: What its address is a multiple of: a power of two, 8 or more.
/// - Returns: Where it begins.
package func allocateMemory(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
  var start: UnsafeMutableRawPointer?
  guard unsafe posix_memalign(&start, alignment, max(byteCount, 1)) == 0 else { return nil }
  return unsafe start
}

/// Asks for large pages for memory that begins at a multiple of their size.
///
/// New memory in pages of 4 KB costs three times the copying. Only a hint: its result is unused.
package func preferLargePages(_ start: UnsafeMutableRawPointer, _ byteCount: Int) {
  #if os(Linux) || os(Android)
  unsafe _ = madvise(start, byteCount, MADV_HUGEPAGE)
  #endif
}

/// Has the calling thread, but not those that it starts, wait for a core as a batch job does.
///
/// It takes none from a thread that has just woken it. Only a wish: its result is unused.
package func waitAsBatchJob() {
  #if os(Linux) || os(Android)
  // SCHED_BATCH and SCHED_RESET_ON_FORK, GNU extensions; see sched_setscheduler(2).
  let (batch, resetOnFork): (CInt, CInt) = (3, 0x4000_0000)
  var parameters = sched_param()
  unsafe _ = pthread_setschedparam(pthread_self(), batch | resetOnFork, &parameters)
  #endif
}
