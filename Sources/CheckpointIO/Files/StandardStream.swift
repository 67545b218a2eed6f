import CheckpointPlatform

/// One of the two streams that a process can write to.
package struct StandardStream: Sendable {
  private let descriptor: CInt
  /// What messages call it.
  package let name: String

  package static let output = StandardStream(descriptor: 1, name: "standard output")
  package static let error = StandardStream(descriptor: 2, name: "standard error")

  /// Whether it leads to a terminal.
  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Writes all bytes.
  ///
  /// - Throws: `io` if the system does not take them.
  package func write(_ bytes: RawSpan) throws(CheckpointError) {
    var start = 0
    while start < bytes.byteCount {
      let rest = bytes.extracting(start..<bytes.byteCount)
      start += try write(some: rest)
    }
  }

  // The usual advice for a full disk speaks of a checkpoint; the stream may lead anywhere.
  private func write(some bytes: RawSpan) throws(CheckpointError) -> Int {
    do throws(CheckpointError) {
      return try systemCall("write", file: name) {
        // The buffer is valid during the call.
        unsafe bytes.withUnsafeBytes { unsafe Self.writeFile(descriptor, $0.baseAddress, $0.count) }
      }
    } catch {
      guard let reason = error.fullReason else { throw error }
      var error = error
      error.message = "write: \(reason); the output is cut off there, send it elsewhere"
      throw error
    }
  }

  /// Writes text for a person; whoever does not take messages gets none.
  package func writeIfPossible(_ text: String) {
    let text = Array(text.utf8)
    do throws(CheckpointError) {
      unsafe try write(text.span.bytes)  // bytes have no padding
    } catch {
      return
    }
  }

  // The global function, which the method of the same name hides.
  private static func writeFile(_ descriptor: CInt, _ start: UnsafeRawPointer?, _ count: Int) -> Int
  {
    unsafe CheckpointPlatform.write(descriptor, start, count)
  }
}
