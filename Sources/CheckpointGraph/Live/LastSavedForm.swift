import Synchronization

/// Keeps the form of the last save for the next one, on whatever thread that is.
package final class LastSavedForm: Sendable {
  private let form = Mutex<SavedForm?>(nil)

  /// Nothing was saved yet.
  package init() {}

  /// The form of a graph: the last one, if it is that.
  func form(of live: LiveGraph, orElse make: () -> SavedForm) -> SavedForm {
    let last = form.withLock { $0 }
    if let last, last.isForm(of: live) { return last }
    let made = make()
    form.withLock { $0 = made }
    return made
  }
}
