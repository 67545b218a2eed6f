import CheckpointIO
import CheckpointPlatform
import CheckpointTestSupport
import Testing

/// Plays a system with a call that empties the drive's cache, as Apple's have one.
@Suite struct DurabilityTests {
  let directory: TemporaryDirectory
  let descriptor: CInt

  init() throws {
    directory = try TemporaryDirectory()
    descriptor = unsafe open(directory.path, O_RDONLY | O_DIRECTORY)
    try #require(descriptor >= 0)
  }

  // How often the call was made that fails with these errors, one after the other, and then does well.
  private func callCount(_ descriptor: CInt, failing errors: [CInt]) throws(CheckpointError) -> Int
  {
    var count = 0
    try makeDurable(descriptor, "sync", file: "run/m") { _ in
      defer { count += 1 }
      guard count < errors.count else { return 0 }
      errno = errors[count]
      return -1
    }
    return count
  }

  @Test func `is content with the stronger call`() throws {
    defer { close(descriptor) }
    #expect(try callCount(descriptor, failing: []) == 1)
    #expect(try callCount(-1, failing: []) == 1, "no plain sync besides")
  }

  @Test func `makes the stronger call again when a signal interrupts it`() throws {
    defer { close(descriptor) }
    #expect(try callCount(descriptor, failing: [EINTR, EINTR]) == 3)
  }

  @Test func `takes the plain call only where the stronger one is not known`() throws {
    defer { close(descriptor) }
    for unknown in [ENOTSUP, EINVAL, ENOTTY] {
      #expect(try callCount(descriptor, failing: [unknown]) == 1)
      let error = #expect(throws: CheckpointError.self) {
        try callCount(-1, failing: [unknown])
      }
      #expect(error?.systemError == EBADF, "the plain call was made")
    }
  }

  @Test func `does not take a failure of the drive for a success`() throws {
    defer { close(descriptor) }
    for failure in [EIO, ENOSPC, EBADF] {
      let error = #expect(throws: CheckpointError.self) {
        try callCount(descriptor, failing: [failure])
      }
      #expect(error?.systemError == failure)
      #expect(error?.description.hasPrefix("run/m: sync: ") == true)
    }
  }

  /// Two numbers on Apple's systems, whose file systems answer with the first.
  @Test func `knows all numbers for what a system does not know`() {
    defer { close(descriptor) }
    for number in [ENOTSUP, EOPNOTSUPP, ENOSYS] {
      #expect(CheckpointError.system("lock", errno: number, file: "m").saysUnsupported)
    }
    for number in [EIO, EINVAL, EPERM] {
      #expect(!CheckpointError.system("lock", errno: number, file: "m").saysUnsupported)
    }
  }
}
