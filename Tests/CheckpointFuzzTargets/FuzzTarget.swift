import CheckpointIO

/// Something that reads bytes which nobody vouched for, to be tried with any bytes.
///
///     for target in FuzzTarget.all {
///       for seed in target.seeds() { #expect(target.brokenPromise(by: seed) == nil) }
///     }
///
/// A target reads as much as a program could ask for, and writes what it has read and reads it again. It
/// must come to its end without a trap, in time that grows with the size of the bytes only, and with no
/// more memory than that justifies. `swift test` replays seeds, mutations of them and all that was found
/// once; `.ci/fuzz` lets libFuzzer look for more.
package struct FuzzTarget: Sendable {
  /// What it is called, on the command line and in the names of directories.
  package let name: String
  /// The longest bytes that are worth trying.
  package let mostBytes: Int
  private let makeSeeds: @Sendable () throws -> [[UInt8]]
  private let body: @Sendable ([UInt8]) throws -> Void

  /// Names a target.
  ///
  /// - Parameters:
  ///   - name: What it is called.
  ///   - mostBytes: The longest bytes that are worth trying.
  ///   - seeds: Makes good examples, to be damaged.
  ///   - body: Reads bytes: throws a `CheckpointError` to refuse them, and a ``BrokenPromise`` if the
  ///     library is at fault.
  package init(
    _ name: String, mostBytes: Int = 4096, seeds: @escaping @Sendable () throws -> [[UInt8]],
    body: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    (self.name, self.mostBytes) = (name, mostBytes)
    (makeSeeds, self.body) = (seeds, body)
  }

  /// Good examples that are not too long.
  ///
  /// - Throws: What reading the fixtures throws.
  package func seeds() throws -> [[UInt8]] { try makeSeeds().filter { $0.count <= mostBytes } }

  /// What the library does with bytes that it promises not to do; `nil` if it keeps its promises.
  package func brokenPromise(by bytes: [UInt8]) -> String? {
    do {
      try body(bytes)
      return nil
    } catch let error as CheckpointError {
      return Self.fault(of: error)
    } catch {
      return "\(error)"
    }
  }

  // A refusal says something of the bytes: not of the system, and not of whoever called. Its text is made,
  // and is not longer than somebody could read.
  private static func fault(of error: CheckpointError) -> String? {
    let text = error.description
    guard text.utf8.count <= mostErrorBytes else {
      return "the error has \(text.utf8.count) bytes: \(text.prefix(200))"
    }
    return refusals.contains(error.code) ? nil : "the error blames somebody else: \(text)"
  }

  private static let refusals: Set<CheckpointError.Code> = [
    .corrupt, .truncated, .limitExceeded, .unsupported, .notACheckpoint, .notFound, .duplicateName,
    .ambiguousName, .mismatch, .several,
  ]
  private static let mostErrorBytes = 128 << 10
}

extension FuzzTarget {
  /// All targets.
  package static let all: [FuzzTarget] = [
    table, bundleIndex, slices, snappy, objectGraph, stateFile, safetensorsHeader, modelIndex,
    mappingRules, metaGraph, history, saveNote, fileNames,
  ]
}

/// Something that the library promises, and does not do.
package struct BrokenPromise: Error, CustomStringConvertible {
  /// What was found.
  package let description: String

  /// Says what was found.
  package init(_ description: String) { self.description = description }
}

/// Checks that a promise is kept.
func promise(_ isKept: Bool, _ otherwise: @autoclosure () -> String) throws {
  guard isKept else { throw BrokenPromise(otherwise()) }
}

/// Does what the library promises to be possible: an error of it breaks the promise.
func promised<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as CheckpointError {
    throw BrokenPromise("\(what): \(error)")
  }
}
