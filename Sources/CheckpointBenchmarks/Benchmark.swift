import CheckpointBenchmarkLimit
import Foundation

/// Measures the operations of a workload: all contenders in turn, run by run.
struct Benchmark {
  private let workload: Workload
  private let folder: Folder
  private let options: Options

  init(_ workload: Workload, folder: Folder, options: Options) {
    self.workload = workload
    self.folder = folder
    self.options = options
  }

  /// What an operation took each of the contenders.
  func measure(_ operation: Operation) throws -> Result {
    try writeFixture()
    var entrants = [
      Entrant(nil, try child(.library, operation)),
      Entrant(nil, try child(.limit, operation)),
    ]
    if options.hasPeers {
      for peer in Peer.all(for: operation, of: workload) {
        guard let child = start(peer, operation) else { continue }
        entrants.append(Entrant(peer, child))
      }
    }
    let byteCount = workload.byteCount(of: operation)
    for round in 0..<(options.rounds > 0 ? options.rounds : workload.rounds) {
      for index in entrants.indices where round == 0 || entrants[index].isQuickEnough {
        // Memory that a virtual machine has given back costs ten times as much to touch.
        lim_heat(2 * byteCount + (64 << 20))
        try entrants[index].run()
      }
    }
    return Result(workload: workload, operation: operation, byteCount: byteCount, entrants)
  }

  // Written once, by a process of its own: nobody shares its memory.
  private func writeFixture() throws {
    let files = CheckpointFiles(workload, folder: folder.path)
    guard !FileManager.default.fileExists(atPath: files.fixture + ".index") else { return }
    try Child(command(.library, nil)).finish()
  }

  private func child(_ contender: ContenderOrder.Contender, _ operation: Operation) throws -> Child
  {
    try Child(command(contender, operation))
  }

  private func command(_ contender: ContenderOrder.Contender, _ operation: Operation?) -> [String] {
    ContenderOrder.command(contender, workload, operation, folder: folder.path, size: options.size)
  }

  private func start(_ peer: Peer, _ operation: Operation) -> Child? {
    do {
      return try Child(peer.command(workload, operation, folder: folder.path))
    } catch {
      options.note("\(peer.rawValue) does not take part: \(error)")
      return nil
    }
  }
}

/// A contender, and what its runs took.
struct Entrant {
  /// Which of the others; `nil` for the library and the limit.
  let peer: Peer?
  private(set) var series = Series()
  private let child: Child

  init(_ peer: Peer?, _ child: Child) {
    self.peer = peer
    self.child = child
  }

  /// Some take half a minute for a run: they get a few.
  var isQuickEnough: Bool { series.runs.reduce(0) { $0 + $1.seconds } < 10 }

  mutating func run() throws { series.add(try child.run()) }
}
