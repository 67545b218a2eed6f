import CheckpointFuzzTargets
import CheckpointIO
import CheckpointTestSupport
import Foundation
import Testing

/// The fuzzer's targets without the fuzzer: the seeds, damage of them, and all that was found once.
@Suite struct FuzzReplayTests {
  @Test(arguments: FuzzTarget.all)
  func `good examples break no promise`(of target: FuzzTarget) throws {
    let seeds = try target.seeds()
    #expect(!seeds.isEmpty)
    for (number, seed) in seeds.enumerated() {
      #expect(target.brokenPromise(by: seed) == nil, "seed \(number)")
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: FuzzTarget.all)
  func `damaged examples break no promise`(of target: FuzzTarget) throws {
    let seeds = try target.seeds()
    for number in 0..<200 as Range<UInt64> {
      var generator = SeededGenerator(seed: number)
      let bytes = Damage.done(to: seeds, &generator)
      #expect(target.brokenPromise(by: bytes) == nil, "seed \(number) of the generator")
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: FuzzTarget.all)
  func `what broke a promise once breaks none`(of target: FuzzTarget) throws {
    for url in Self.regressions(of: target) {
      let bytes = Array(try Data(contentsOf: url))
      #expect(target.brokenPromise(by: bytes) == nil, "\(url.lastPathComponent)")
    }
  }

  @Test(arguments: FuzzTarget.all)
  func `every target has words that its files are made of`(target: FuzzTarget) throws {
    let place = Self.folder.appending(path: "Dictionaries/\(target.name).dict")
    let lines = try String(contentsOf: place, encoding: .utf8).split(separator: "\n")
    let words = lines.filter { !$0.hasPrefix("#") }
    #expect(!words.isEmpty)
    #expect(words.allSatisfy { $0.hasPrefix("\"") && $0.hasSuffix("\"") && $0.utf8.count > 2 })
  }

  @Test func `a broken promise is reported, and so is an error that blames the caller`() {
    let broken = FuzzTarget("broken", seeds: { [] }) { _ in throw BrokenPromise("nothing is read") }
    #expect(broken.brokenPromise(by: []) == "nothing is read")
    let blaming = FuzzTarget("blaming", seeds: { [] }) { _ in
      throw CheckpointError(.invalidArgument, "bad path")
    }
    #expect(blaming.brokenPromise(by: [])?.hasSuffix("bad path (invalidArgument)") == true)
    let refusing = FuzzTarget("refusing", seeds: { [] }) { _ in
      throw CheckpointError(.corrupt, "damaged")
    }
    #expect(refusing.brokenPromise(by: []) == nil)
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  private static func regressions(of target: FuzzTarget) -> [URL] {
    let place = folder.appending(path: "Regressions/\(target.name)")
    let files = try? FileManager.default.contentsOfDirectory(
      at: place, includingPropertiesForKeys: nil)
    return (files ?? []).sorted { $0.path < $1.path }
  }
}

extension FuzzTarget: CustomTestStringConvertible {
  /// Its name.
  public var testDescription: String { name }
}
