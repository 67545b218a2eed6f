import CheckpointIO
import CheckpointTestSupport
import Synchronization
import Testing

/// Proves that shared work is done whole, and fails like the work of one thread.
@Suite struct SharedWorkTests {
  @Test(arguments: [0, 1, 2, 3, 64, 1000])
  func `does every job once`(count: Int) {
    let done = Mutex([Int](repeating: 0, count: count))
    SharedWork.run(count: count) { number in done.withLock { $0[number] += 1 } }
    #expect(done.withLock { $0 } == Array(repeating: 1, count: count))
  }

  @Test func `throws the error of the first job, whichever fails first`() {
    for seed in 0..<50 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let failing = Set((0..<4).map { _ in Int.random(in: 0..<200, using: &random) })
      let begun = Mutex(Set<Int>())
      let error = #expect(throws: CheckpointError.self, "seed \(seed)") {
        try SharedWork.run(count: 200) { number throws(CheckpointError) in
          begun.withLock { _ = $0.insert(number) }
          if failing.contains(number) { throw CheckpointError(.io, "\(number)") }
        }
      }
      let first = failing.min() ?? -1
      #expect(error?.message == "\(first)")
      #expect(begun.withLock { $0 }.isSuperset(of: 0...first), "those before are done")
    }
  }

  @Test func `begins no job after a failure`() {
    let begun = Mutex(0)
    let error = #expect(throws: CheckpointError.self) {
      try SharedWork.run(count: 1_000_000) { _ throws(CheckpointError) in
        begun.withLock { $0 += 1 }
        throw CheckpointError(.io, "each fails")
      }
    }
    #expect(error?.message == "each fails")
    #expect(begun.withLock { $0 } <= 64, "at most one for each thread")
  }

  @Test func `makes a tool for each thread, and none without a job`() {
    final class Tool: Sendable {
      private let uses = Mutex(0)
      var useCount: Int { uses.withLock { $0 } }
      func use() { uses.withLock { $0 += 1 } }
    }
    let tools = Mutex<[Tool]>([])
    func run(_ count: Int) {
      var jobs = (0..<count).makeIterator()
      SharedWork.run {
        jobs.next()
      } with: {
        let tool = Tool()
        tools.withLock { $0.append(tool) }
        return tool
      } _: { _, tool in
        tool.use()
      }
    }
    run(0)
    #expect(tools.withLock { $0.isEmpty })
    run(1)
    #expect(tools.withLock { $0.count } == 1)
    run(100)
    #expect(tools.withLock { $0.reduce(0) { $0 + $1.useCount } } == 101)
  }

  @Test func `cuts a range into pieces that cover it`() {
    for range in [0..<0, 0..<1, 3..<10, 0..<8, 5..<1029] {
      for length in [1, 2, 3, 4, 8, 1024] {
        let pieces = Array(Chunks(of: range, by: length))
        #expect(pieces.flatMap { Array($0) } == Array(range), "\(range) by \(length)")
        #expect(pieces.dropLast().allSatisfy { $0.count == length })
        #expect(pieces.allSatisfy { !$0.isEmpty })
      }
    }
  }

  @Test func `writes the parts of memory in their places`() {
    var bytes = [UInt8](repeating: 0, count: 1000)
    var span = bytes.mutableSpan
    var memory = unsafe span.mutableBytes
    memory.writeParts(of: 64) { number, place, part in
      #expect(place.lowerBound == 64 * number && place.count == part.byteCount)
      for offset in 0..<part.byteCount {
        part.storeBytes(of: UInt8(number), toByteOffset: offset, as: UInt8.self)
      }
    }
    #expect(bytes == (0..<1000).map { UInt8($0 / 64) })
  }
}
