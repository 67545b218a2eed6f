package import CheckpointIO
import CheckpointTensors

/// Checks everything that the files of a bundle say of themselves: every block of the index, every
/// entry, the place and the checksum of every payload, and that slices fit together.
///
/// It finds all that is wrong, not only the first of it, as fast as checksums can be computed by all
/// cores, with memory for the index and a buffer for each core.
package struct BundleVerifier {
  private let reader: BundleReader

  package init(_ reader: BundleReader) { self.reader = reader }

  /// Checks everything.
  ///
  /// - Parameter progress: Called now and then, by any thread but one at a time, with the number of
  ///   bytes that have been checked, and of all there are.
  /// - Returns: What was checked, and what was found.
  package func verify(
    progress: @escaping @Sendable (_ checked: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) -> VerificationFindings {
    var inventory = BundleInventory(of: reader.index)
    if let damage = reader.index.unusedDamage { inventory.findings.noteUnused(damage) }
    checkPlaces(&inventory)
    inventory.payloads.sort { left, right in
      (left.shard, left.range.offset) < (right.shard, right.range.offset)
    }
    let checker = PayloadChecker(
      payloads: inventory.payloads, shards: reader.shards, problems: inventory.findings.problems,
      naming: inventory.owners.naming, progress: progress)
    var findings = inventory.findings
    findings.problems = checker.run()
    return findings
  }

  /// Checks the index, and that every value lies within its data file; reads no value.
  package func verifyPlaces() -> VerificationFindings {
    var inventory = BundleInventory(of: reader.index)
    checkPlaces(&inventory)
    return inventory.findings
  }

  // Leaves out the payloads that are not where the index says, with a problem for each, or for each
  // data file that cannot be opened.
  private func checkPlaces(_ inventory: inout BundleInventory) {
    let lost = openShards(&inventory)
    let owners = inventory.owners
    inventory.payloads.removeAll { payload in
      let (shard, range) = (payload.shard, payload.range)
      guard range.count > 0 else { return false }
      guard !lost.contains(shard) else { return true }
      do throws(CheckpointError) {
        _ = try reader.shards.file(shard, holding: range)
        return false
      } catch {
        inventory.findings.problems.append(owners.naming(error, payload.number))
        return true
      }
    }
  }

  // The data files that the index names and that cannot be opened.
  private func openShards(_ inventory: inout BundleInventory) -> Set<Int> {
    var lost: Set<Int> = []
    var uses: [Int: Int] = [:]
    for payload in inventory.payloads where payload.range.count > 0 {
      uses[payload.shard, default: 0] += 1
    }
    for (shard, count) in uses.sorted(by: { $0.key < $1.key }) {
      do throws(CheckpointError) {
        _ = try reader.shards.file(shard)
      } catch {
        var error = error
        error.message += "; it has \(count) \(count == 1 ? "value" : "values")"
        inventory.findings.problems.append(error)
        lost.insert(shard)
      }
    }
    return lost
  }
}
