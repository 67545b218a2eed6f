import Foundation
import Synchronization

/// Runs a body on several threads at once, as processes would that wait for each other, and waits for all.
///
/// - Parameters:
///   - count: How many threads.
///   - body: Gets the number of its thread, from 0 on.
/// - Returns: What each has come to, in their order.
package func together<Value: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
) -> [Result<Value, any Error>] {
  let results = Mutex<[Int: Result<Value, any Error>]>([:])
  let shared = SharedResults(results)
  let end = DispatchGroup()
  for number in 0..<count {
    end.enter()
    let thread = Thread {
      let result = Result { try body(number) }
      shared.results.withLock { $0[number] = result }
      end.leave()
    }
    thread.stackSize = 4 << 20
    thread.start()
  }
  end.wait()
  let all = shared.results.withLock { $0 }
  return (0..<count).compactMap { all[$0] }
}

private final class SharedResults<Value: Sendable>: Sendable {
  let results: Mutex<[Int: Result<Value, any Error>]>

  init(_ results: consuming Mutex<[Int: Result<Value, any Error>]>) { self.results = results }
}
