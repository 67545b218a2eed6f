// The speed of saving and restoring, against the least that it takes on this machine (a program in
// C, CheckpointBenchmarkLimit) and against others, run by run in turn.
//
//     swift run -c release checkpoint-benchmarks [--quick | --large] [--peers] [--json] [WORKLOAD …]
//
// Every contender is a process of its own, which prepares its data and then does one run whenever it
// is told to. So runs of all contenders alternate, and what one keeps in memory is not counted for
// another.

/// Runs the benchmarks; or one contender of them, in a process of its own.
@main struct CheckpointBenchmarks {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let order = ContenderOrder(arguments: arguments) { return try order.serve() }
    if let order = ProcessOrder(arguments: arguments) { return try order.serve() }
    let options = Options(arguments)
    if let picture = options.picture { return try Chart.draw(to: picture) }
    #if DEBUG
    options.note("This is a debug build; its figures mean nothing. Use swift run -c release.")
    #endif
    let folder = try Folder(in: options.folder)
    if options.measuresProcesses {
      return try ProcessBenchmark(
        folder: folder.path, rounds: options.rounds, isQuick: options.size == .quick
      ).measure()
    }
    if options.measuresManagers {
      return try ManagedBenchmark(
        folder: folder.path, rounds: options.rounds, isQuick: options.size == .quick
      ).measure()
    }
    let report = Report(options)
    report.begin()
    for workload in Workload.all(options.size) where options.includes(workload) {
      report.begin(workload)
      let benchmark = Benchmark(workload, folder: folder, options: options)
      for operation in workload.operations where options.includes(operation) {
        report.add(try benchmark.measure(operation))
      }
    }
    report.end()
  }
}
