import CheckpointBundle
import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a save that meets an error of the system says so, loses nothing, and cleans up.
@Suite struct FailingSaveTests {
  static let errors = [ENOSPC, EIO, EDQUOT, EROFS, EACCES, EMFILE]

  @Test(.timeLimit(.minutes(20)), arguments: SaveScenario.all)
  func `says so, loses nothing and leaves nothing behind`(scenario: SaveScenario) throws {
    let before = try scenario.prepared().image
    let after = try undisturbed(before, scenario)
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    try scenario.save(in: counting)
    for number in TestCases.every(7, of: counting.calls.indices) {
      // Which error it is makes no difference to the front end.
      for errno in scenario.keepsState ? [ENOSPC, EIO] : Self.errors {
        let what = "\(counting.calls[number]) fails with errno \(errno)"
        try failOnce(number, errno, before, after, scenario, what)
        try failForever(number, errno, before, after, scenario, what + " and all after it")
      }
    }
  }

  @Test(arguments: SaveScenario.all, [ENOENT, EIO])
  func `loses nothing if a rename happens and is said to have failed`(
    scenario: SaveScenario, errno: Int32
  ) throws {
    let before = try scenario.prepared().image
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    try scenario.save(in: counting)
    for (number, call) in counting.calls.enumerated() where call.kind == .rename {
      let system = MemoryFileSystem(before)
      let report: InterceptingFileSystem.Interception = { current, call throws(CheckpointError) in
        guard current == number else { return }
        throw .system("injected failure of \(call.kind)", errno: errno, file: call.path)
      }
      let error = saveError(scenario, InterceptingFileSystem(system, renameReport: report))
      let value = try SaveScenario.value(scenario.prefix, system)
      #expect(error?.systemError == errno, "\(call)")
      let saved = value == SaveScenario.new
      #expect(saved || value == (scenario.oldShards > 0 ? SaveScenario.old : nil), "\(call)")
      #expect(saved == error?.message.contains("is saved"), "\(call)")
      try scenario.checkNextSave(system, "\(call)")
    }
  }

  private func undisturbed(_ before: MemoryFileSystem.Image, _ scenario: SaveScenario) throws
    -> [String]
  {
    let system = MemoryFileSystem(before)
    try scenario.save(in: system)
    return system.paths
  }

  private func failOnce(
    _ number: Int, _ errno: Int32, _ before: MemoryFileSystem.Image, _ after: [String],
    _ scenario: SaveScenario, _ what: String
  ) throws {
    let system = MemoryFileSystem(before)
    let failing = InterceptingFileSystem.failing(system, at: number, errno: errno)
    let error = saveError(scenario, failing)
    let value = try SaveScenario.value(scenario.prefix, system)
    if let error {
      #expect(error.systemError == errno, "\(what): \(error)")
      #expect(error.message.contains("injected failure"), "\(what): \(error)")
    } else {
      #expect(value == SaveScenario.new, "\(what), and nobody says so")
    }
    if value == SaveScenario.new {
      #expect(Set(system.paths).isSuperset(of: after), "\(what): \(system.paths)")
      if let error { #expect(error.message.contains("is saved"), "\(what): \(error)") }
    } else {
      #expect(value == (scenario.oldShards > 0 ? SaveScenario.old : nil), "\(what)")
      #expect(system.paths == before.files.keys.sorted(), "\(what)")
    }
    try scenario.checkNextSave(system, what)
  }

  private func failForever(
    _ number: Int, _ errno: Int32, _ before: MemoryFileSystem.Image, _ after: [String],
    _ scenario: SaveScenario, _ what: String
  ) throws {
    let system = MemoryFileSystem(before)
    let dying = InterceptingFileSystem.failing(system, at: number, errno: errno, forever: true)
    let error = saveError(scenario, dying)
    let value = try SaveScenario.value(scenario.prefix, system)
    #expect(error != nil || value == SaveScenario.new, "\(what)")
    if value != SaveScenario.new {
      #expect(value == (scenario.oldShards > 0 ? SaveScenario.old : nil), "\(what)")
    }
    try scenario.checkNextSave(system, what)
  }

  private func saveError(_ scenario: SaveScenario, _ system: any FileSystem) -> CheckpointError? {
    do throws(CheckpointError) {
      try scenario.save(in: system)
      return nil
    } catch {
      return error
    }
  }
}
