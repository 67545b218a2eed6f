// The program that libFuzzer drives: `.ci/fuzz` builds and runs it.
//
//   CheckpointFuzz --target=table [libFuzzer's arguments]    tries one target
//   CheckpointFuzz --seeds=DIRECTORY                         writes the seeds of all targets
//   CheckpointFuzz --list                                    prints their names
//
// libFuzzer passes over arguments that begin with two hyphens, and gives them to its child processes.

import CheckpointFuzzTargets
import Foundation

// What follows `--name=`.
private func argument(_ name: String) -> String? {
  let mark = "--\(name)="
  let found = CommandLine.arguments.first { $0.hasPrefix(mark) }
  return found.map { String($0.dropFirst(mark.count)) }
}

private func writeSeeds(to directory: String) throws {
  for target in FuzzTarget.all {
    let place = URL(fileURLWithPath: directory).appending(path: target.name)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    for (number, seed) in try target.seeds().enumerated() {
      try Data(seed).write(to: place.appending(path: "seed-\(number)"))
    }
  }
}

/// The entry point, under the name that SwiftPM gives to the main function of this program.
@_cdecl("CheckpointFuzz_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  if CommandLine.arguments.contains("--list") {
    for target in FuzzTarget.all { print(target.name, target.mostBytes) }
    return 0
  }
  if let directory = argument("seeds") {
    do {
      try writeSeeds(to: directory)
      return 0
    } catch {
      print("the seeds cannot be written: \(error)")
      return 1
    }
  }
  guard let target = FuzzTarget.all.first(where: { $0.name == argument("target") }) else {
    print("give --target=NAME, one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
    return 2
  }
  unsafe LibFuzzer.target = target
  var (count, list) = unsafe (count, arguments)
  return unsafe LibFuzzer.run(&count, &list)
}
