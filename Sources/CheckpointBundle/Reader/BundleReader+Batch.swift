public import CheckpointIO
public import CheckpointTensors
import CheckpointTable
import CheckpointWire

extension BundleReader {
  /// Looks up several tensors, to be read together.
  ///
  /// Takes one pass over the index, however many they are.
  ///
  /// - Parameter requests: The tensors, in any order; one that the index does not have is no error.
  /// - Returns: What the index says of them, ready to be read.
  /// - Throws: `corrupt` if what the index says of one of them is damaged.
  public func batch(of requests: [TensorRequest]) throws(CheckpointError) -> any TensorBatch {
    var entries: [BundleEntry?] = Array(repeating: nil, count: requests.count)
    try forEachBundleEntry(of: requests) { entries[$0] = $1 }
    return BundleBatch(self, requests, entries)
  }

  // Calls `body` for those that the index has.
  private func forEachBundleEntry(of requests: [TensorRequest], _ body: (Int, BundleEntry) -> Void)
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
      throw explained(error).located(file: indexPath)
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
}
