import CheckpointIO
import CheckpointTestSupport
import Testing

/// What a check has found: in order, counted, and with the system's refusals told apart.
@Suite struct ProblemListTests {
  private func problem(_ number: Int, _ code: CheckpointError.Code = .corrupt) -> CheckpointError {
    CheckpointError(code, "problem \(number)")
  }

  @Test func `orders problems by their places, and those of one place as they came`() {
    for seed in 0..<100 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var list = ProblemList()
      var model: [(place: Int, number: Int)] = []
      for number in 0..<Int.random(in: 0...40, using: &random) {
        let place = Int.random(in: -1...5, using: &random)
        list.append(problem(number), place: place)
        model.append((place, number))
      }
      let expected = model.sorted { ($0.place, $0.number) < ($1.place, $1.number) }
      #expect(
        list.problems.map(\.message) == expected.map { "problem \($0.number)" }, "seed \(seed)")
      #expect(list.count == model.count && list.refusal == nil)
    }
  }

  @Test func `keeps the first ones, and counts the others`() {
    var list = ProblemList()
    for number in 0..<ProblemList.limit + 5 { list.append(problem(number)) }
    #expect(list.problems.count == ProblemList.limit && list.count == ProblemList.limit + 5)
    #expect(list.problems.last?.message == "problem \(ProblemList.limit - 1)")
  }

  @Test func `without a refusal of the system there is nothing to throw`() {
    var list = ProblemList()
    #expect(list.refusalError(for: "run/m") == nil)
    list.append(problem(0))
    #expect(list.refusalError(for: "run/m") == nil)
  }

  @Test func `throws a refusal that is alone, with the checkpoint's path`() {
    var list = ProblemList()
    list.append(.system("read", errno: 5, file: ""))
    var refusal = problem(1, .io)
    refusal.systemError = 5
    var alone = ProblemList()
    alone.append(refusal)
    let error = alone.refusalError(for: "run/m")
    #expect(error?.description == "run/m: problem 1 (io)" && error?.systemError == 5)
  }

  @Test func `throws all problems with a refusal, also one that came too late to be kept`() {
    for early in [true, false] {
      var list = ProblemList()
      var refusal = problem(-1, .io)
      refusal.systemError = 28
      if early { list.append(refusal) }
      for number in 0..<ProblemList.limit { list.append(problem(number)) }
      if !early { list.append(refusal) }
      let error = list.refusalError(for: "run/m")
      #expect(error?.code == .io && error?.systemError == 28 && error?.file == "run/m")
      #expect(error?.problems.first?.message == "problem -1")
      #expect(error?.problems.count == (early ? ProblemList.limit : ProblemList.limit + 1))
      #expect(error?.message.hasSuffix("; \(ProblemList.limit + 1) problems") == true)
    }
  }

  @Test func `what nobody reads is a note, unless the system refused`() {
    var findings = VerificationFindings()
    findings.noteUnused(problem(1))
    findings.noteUnused(problem(2, .io))
    findings.noteUnused(problem(3, .cancelled))
    #expect(findings.notes == ["nobody reads it, but it has changed: problem 1 (corrupt)"])
    #expect(findings.problems.problems.map(\.message) == ["problem 2", "problem 3"])
  }
}
