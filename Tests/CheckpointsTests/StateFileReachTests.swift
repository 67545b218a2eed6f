import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a state file leads a manager and a repair to nothing outside of their directory, whatever paths it
/// has.
///
/// A manager that saves looks at most which names there are. It opens no file there, and changes nothing.
@Suite struct StateFileReachTests {
  // `@` is the directory outside; what is in it is whole, and has the names of the manager's own.
  static let forms = [
    "@/ckpt-7", "@/ckpt-1", "@/./ckpt-7", "@//ckpt-7", "//@/ckpt-7", "@/../outside/ckpt-7",
    "@/ckpt-7/", "@/ckpt-7.index",
    "@/ckpt-7.data-00000-of-00001", "@", "@/", "@/.", "@/..", "@/*", "@/ckpt-?", "@/ckpt-[0-9]",
    "@/{ckpt-7}",
    "@/precious", "@/checkpoint", "@/deep/ckpt-7",
    "../outside/ckpt-7", "../outside/ckpt-1", "./../outside/ckpt-7", "../outside//ckpt-7",
    "../outside/./ckpt-7",
    "../run/../outside/ckpt-7", "ckpt-1/../../outside/ckpt-7", "../outside", "../outside/",
    "../outside/*",
    "../outside/precious", "../outside/ckpt-7.index", "..", "../", "../..", "../../", ".", "./",
    "/", "//", "/..",
    "link/ckpt-7", "link/ckpt-1", "link", "link/", "link/..", "link/../outside/ckpt-7", "linked-7",
    "file:@/ckpt-7",
    "file://@/ckpt-7", "~/ckpt-7", "~", "$HOME/ckpt-7", "`ls`", "ckpt-7; rm -rf @",
    "C:\\\\outside\\\\ckpt-7",
    "..\\\\outside\\\\ckpt-7", "\\\\\\\\host\\\\outside\\\\ckpt-7", "gs://outside/ckpt-7", "*", "?",
    "ckpt-*", " ckpt-7",
    "ckpt-7 ", "\\n../outside/ckpt-7", "\\000../outside/ckpt-7", "../outside/ckpt-7\\000",
    "\\377/ckpt-7",
    "%2e%2e/outside/ckpt-7", "．．/outside/ckpt-7", "../outside/ckpt-7\\n", "",
  ]

  private let directory: TemporaryDirectory
  private let run: String

  init() throws {
    directory = try TemporaryDirectory("reach")
    run = directory.path("run")
    for name in ["run", "outside", "outside/deep"] {
      try LocalFileSystem().createDirectory(directory.path(name))
    }
    let first = try ManagerRun(LocalFileSystem(), directory: run)
    try first.save(1)
    try first.save(2)
    for name in ["ckpt-1", "ckpt-7", "deep/ckpt-7"] {
      for suffix in [".index", ".data-00000-of-00001"] {
        try directory.write(directory.bytes("run/ckpt-2\(suffix)"), to: "outside/\(name)\(suffix)")
      }
    }
    try directory.write("dear".utf8, to: "outside/precious")
    try directory.write("model_checkpoint_path: \"ckpt-7\"\n".utf8, to: "outside/checkpoint")
    let outside = directory.path("outside")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: "\(run)/link", withDestinationPath: outside)
    for suffix in [".index", ".data-00000-of-00001"] {
      try files.createSymbolicLink(
        atPath: "\(run)/linked-7\(suffix)", withDestinationPath: "\(outside)/ckpt-7\(suffix)")
    }
  }

  private func writeState(_ form: String, isNewest: Bool) throws {
    let path = form.replacing("@", with: directory.path("outside"))
    let lines = [
      "model_checkpoint_path: \"\(isNewest ? path : "ckpt-2")\"",
      "all_model_checkpoint_paths: \"ckpt-1\"", "all_model_checkpoint_paths: \"\(path)\"",
      "all_model_checkpoint_paths: \"ckpt-2\"",
    ]
    try directory.write((lines.joined(separator: "\n") + "\n").utf8, to: "run/checkpoint")
  }

  private func contents() throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in directory.names where name.hasPrefix("outside/") {
      contents[name] = (try? directory.bytes(name)) ?? []
    }
    return contents
  }

  // Whether a path is of the directory itself, as it is written.
  private func isInside(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    return path == run
      || path.hasPrefix("\(run)/") && !parts.contains("..") && !path.hasPrefix("\(run)/link/")
  }

  private static let opens: Set<FileCall.Kind> = [.open, .reopen, .read, .map]

  @Test(.timeLimit(.minutes(20)), arguments: [true, false])
  func `a manager that saves opens and changes nothing elsewhere`(isNewest: Bool) throws {
    let before = try contents()
    for form in TestCases.every(3, of: Self.forms) {
      try writeState(form, isNewest: isNewest)
      let system = InterceptingFileSystem()
      do {
        let program = try ManagerRun(system, .latest(1), directory: run)
        try program.save(3)
        try program.save(4)
      } catch let error as CheckpointError {
        // What is no path, or no state, is told.
        #expect([.corrupt, .invalidArgument].contains(error.code), "\(form): \(error)")
      }
      let elsewhere = system.calls.filter {
        !isInside($0.path) && ($0.kind.changesFiles || Self.opens.contains($0.kind))
      }
      #expect(elsewhere.isEmpty, "\(form): \(elsewhere.map { "\($0.kind) \($0.path)" })")
      #expect(try contents() == before, "\(form)")
    }
  }

  @Test(.timeLimit(.minutes(20)), arguments: [true, false])
  func `a restore and a repair change nothing elsewhere`(isNewest: Bool) throws {
    let before = try contents()
    for form in TestCases.every(3, of: Self.forms) {
      try writeState(form, isNewest: isNewest)
      let system = InterceptingFileSystem()
      do {
        try ManagerRun(system, .latest(1), directory: run).manager.restoreOrInitialize()
      } catch let error as CheckpointError {
        #expect(error.code != .io, "\(form): \(error)")
      }
      let changed = system.calls.filter { $0.kind.changesFiles && !isInside($0.path) }
      #expect(changed.isEmpty, "\(form): \(changed.map { "\($0.kind) \($0.path)" })")
      _ = try? CheckpointDirectory.Audit(of: run).repair()
      #expect(try contents() == before, "\(form)")
    }
  }
}
