import Foundation

/// What the command line asks for.
struct Options {
  /// How large the workloads are.
  private(set) var size = Size.full
  /// One JSON object a line instead of a table.
  private(set) var isJSON = false
  /// Whether others take part.
  private(set) var hasPeers = false
  /// How many runs each contender gets; a default for each workload if 0.
  private(set) var rounds = 0
  /// Where the files go.
  private(set) var folder = FileManager.default.temporaryDirectory.path
  /// Where a picture of results from the standard input goes, if one is to be drawn.
  private(set) var picture: String?
  /// Whether saves by several processes are measured, and nothing else.
  private(set) var measuresProcesses = false
  /// Whether saves into directories with many checkpoints are measured, and nothing else.
  private(set) var measuresManagers = false
  private var names: Set<String> = []

  static let usage = """
    checkpoint-benchmarks [--quick | --large] [--peers] [--json] [--rounds N] [--folder DIRECTORY]
                          [NAME …]
    checkpoint-benchmarks --processes [--quick] [--rounds N] [--folder DIRECTORY]
    checkpoint-benchmarks --managed [--quick] [--rounds N] [--folder DIRECTORY]
    checkpoint-benchmarks --svg FILE < RESULTS

      --quick    small sizes, few runs: less than a minute
      --large    up to 1,000,000 tensors and 100,000 modules: how the cost grows (W1, W4, W5)
      --peers    with TensorFlow and safetensors, from Python (CHECKPOINTS_PYTHON, or python3)
      --json     one object a line
      --rounds   how many runs each contender gets
      --folder   where the files go; about 6 GB
      --processes  saves by 1 to 8 processes together: what that costs beside writing the files
      --managed  saves into directories with up to 10,000 checkpoints: what these cost
      --svg      measures nothing, but draws what --json has printed
      NAME       a workload (W1 … W7, W9) or an operation ('restore in place'): all of them by default
    """

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--quick": size = .quick
      case "--large": size = .large
      case "--json": isJSON = true
      case "--peers": hasPeers = true
      case "--rounds": rounds = rest.popFirst().flatMap { Int($0) } ?? 0
      case "--folder": folder = rest.popFirst() ?? folder
      case "--processes": measuresProcesses = true
      case "--managed": measuresManagers = true
      case "--svg": picture = rest.popFirst()
      case _ where argument.hasPrefix("-"):
        print(Self.usage)
        exit(argument == "--help" ? 0 : 2)
      default: names.insert(argument)
      }
    }
  }

  private var workloadNames: Set<String> { names.filter { Operation(rawValue: $0) == nil } }
  private var operationNames: Set<String> { names.subtracting(workloadNames) }

  /// Whether a workload is asked for.
  func includes(_ workload: Workload) -> Bool {
    workloadNames.isEmpty || workloadNames.contains(workload.name)
  }

  /// Whether an operation is asked for.
  func includes(_ operation: Operation) -> Bool {
    operationNames.isEmpty || operationNames.contains(operation.rawValue)
  }

  /// Says something that is no result.
  func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// A directory for the files of a run, removed at the end.
final class Folder {
  let path: String

  init(in directory: String) throws {
    path = "\(directory)/checkpoint-benchmarks-\(getpid())"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
