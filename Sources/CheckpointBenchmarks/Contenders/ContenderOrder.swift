import Foundation

/// What a contender's process has to do: the hidden form of the command line.
struct ContenderOrder {
  /// Who: the library or the limit.
  enum Contender: String {
    case library
    case limit
  }

  let contender: Contender
  let workload: Workload
  /// What is measured; `nil` to write the files that others read.
  let operation: Operation?
  let folder: String

  private static let mark = "--contender"

  /// The command that starts the process.
  static func command(
    _ contender: Contender, _ workload: Workload, _ operation: Operation?, folder: String,
    size: Size
  ) -> [String] {
    let program = CommandLine.arguments[0]
    return [
      program, mark, contender.rawValue, workload.name, operation?.rawValue ?? "", folder,
      size.rawValue,
    ]
  }

  /// Takes the command line apart; `nil` for one of another form.
  init?(arguments: [String]) {
    guard arguments.count == 6, arguments[0] == Self.mark,
      let contender = Contender(rawValue: arguments[1]),
      let size = Size(rawValue: arguments[5]), let workload = Workload.named(arguments[2], size)
    else { return nil }
    self.contender = contender
    self.workload = workload
    operation = Operation(rawValue: arguments[3])
    folder = arguments[4]
  }

  /// Prepares, then does a run for each line of the standard input.
  func serve() throws {
    let files = CheckpointFiles(workload, folder: folder)
    guard let operation else {
      try LibraryTrials(workload, files).writeFixture()
      return print(Child.ready)
    }
    let trial =
      switch contender {
      case .library: try LibraryTrials(workload, files).trial(of: operation)
      case .limit: LimitTrials(workload, files).trial(of: operation)
      }
    if !operation.isCold, !operation.isSave { files.setCached(true) }
    answer(Child.ready)
    while readLine() != nil {
      try trial.prepare()
      let measurement = try Measurement(of: trial.run)
      try trial.finish()
      answer(String(decoding: try JSONEncoder().encode(measurement), as: UTF8.self))
    }
  }

  private func answer(_ line: String) {
    print(line)
    fflush(nil)
  }
}
