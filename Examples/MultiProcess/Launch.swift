import Foundation

/// Processes of this program, started as a launcher would: each is told its rank.
final class Launch {
  private let processes: [Process]
  private let outputs: [Pipe]

  /// Starts them.
  init(_ count: Int, _ directory: String) throws {
    let job = "\(Int.random(in: 1...999_999_999))"
    outputs = (0..<count).map { _ in Pipe() }
    processes = outputs.enumerated().map { rank, output in
      let process = Process()
      process.executableURL = Bundle.main.executableURL
      process.arguments = [directory]
      process.environment = ProcessInfo.processInfo.environment.merging(
        ["RANK": "\(rank)", "WORLD_SIZE": "\(count)", "MASTER_PORT": job]
      ) { $1 }
      process.standardOutput = output
      process.standardError = output
      return process
    }
    for process in processes { try process.run() }
  }

  /// Kills one of them once somebody has said something, and waits for the others to notice.
  func kill(_ rank: Int, after words: String) {
    let victim = processes[rank].processIdentifier
    var isAlive = true
    passOn { line in
      guard isAlive, line.hasSuffix(words) else { return }
      isAlive = false
      _ = Foundation.kill(victim, SIGKILL)
    }
  }

  /// Waits for their end; whether all went well.
  func finish() -> Bool {
    passOn { _ in }
    return processes.allSatisfy { $0.terminationReason == .exit && $0.terminationStatus == 0 }
  }

  // Line by line, until nobody has anything to say any more, and all have ended.
  private func passOn(_ body: (Substring) -> Void) {
    var rests = [Data](repeating: Data(), count: outputs.count)
    var open = Array(outputs.indices)
    while !open.isEmpty {
      var waiting = open.map { index in
        pollfd(
          fd: outputs[index].fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      }
      unsafe _ = poll(&waiting, nfds_t(waiting.count), -1)
      for (index, entry) in zip(open, waiting) where entry.revents != 0 {
        let data = outputs[index].fileHandleForReading.availableData
        if data.isEmpty { open.removeAll { $0 == index } }
        rests[index] += data
        while let end = rests[index].firstIndex(of: UInt8(ascii: "\n")) {
          let line = Substring(decoding: rests[index][..<end], as: UTF8.self)
          rests[index] = Data(rests[index][(end + 1)...])
          print(line)
          body(line)
        }
      }
    }
    for process in processes { process.waitUntilExit() }
  }
}
