package import CheckpointIO
import Synchronization

/// What a small file held when it was read or written last, so that the same text is not taken apart again.
///
/// Whoever remembers reads the file all the same: only its bytes tell that nobody has changed it.
package final class TextMemory<Content: Sendable>: Sendable {
  private let last = Mutex<(text: [UInt8], content: Content)?>(nil)

  package init() {}

  /// What a text says; `read` takes it apart if it is another one than the last.
  package func content(
    of text: [UInt8], _ read: ([UInt8]) throws(CheckpointError) -> Content
  ) throws(CheckpointError) -> Content {
    if let known = last.withLock({ $0 }), known.text.span.matches(text.span) {
      return known.content
    }
    let content = try read(text)
    note(content, of: text)
    return content
  }

  /// Remembers what a text says that was written.
  package func note(_ content: Content, of text: [UInt8]) { last.withLock { $0 = (text, content) } }
}
