import CheckpointIO
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves which checkpoints a policy keeps, and that it can say why.
///
/// What TensorFlow keeps, the tests with TensorFlow compare.
@Suite struct RetentionTests {
  private static let hour = 3600.0

  /// Checkpoints at the given hours, numbered from 1 on.
  private func checkpoints(atHours hours: [Double]) -> [RetentionPolicy.SavedCheckpoint] {
    hours.enumerated().map {
      RetentionPolicy.SavedCheckpoint(
        path: "run/ckpt-\($0 + 1)", step: $0 + 1, time: $1 * Self.hour)
    }
  }

  private func checkpoints(atSteps steps: [Int?]) -> [RetentionPolicy.SavedCheckpoint] {
    steps.enumerated().map {
      RetentionPolicy.SavedCheckpoint(path: "run/ckpt-\($0 + 1)", step: $1, time: Double($0))
    }
  }

  private func checkpoints(withLosses losses: [Double?]) -> [RetentionPolicy.SavedCheckpoint] {
    losses.enumerated().map { number, loss in
      RetentionPolicy.SavedCheckpoint(
        path: "run/ckpt-\(number + 1)", step: number + 1, time: Double(number),
        metrics: loss.map { ["loss": $0] } ?? [:])
    }
  }

  private func kept(
    by policy: RetentionPolicy, _ list: [RetentionPolicy.SavedCheckpoint], since: Double? = nil
  )
    -> [Int]
  {
    let paths = Set(policy.plan(for: list, since: since).kept.map(\.path))
    return list.indices.filter { paths.contains(list[$0].path) }.map { $0 + 1 }
  }

  @Test func `keeps everything, the latest, and nothing of nothing`() {
    let list = checkpoints(atHours: [1, 2, 3, 4])
    #expect(kept(by: .all, list) == [1, 2, 3, 4])
    #expect(kept(by: .latest(1), list) == [4])
    #expect(kept(by: .latest(3), list) == [2, 3, 4])
    #expect(kept(by: .latest(9), list) == [1, 2, 3, 4])
    #expect(RetentionPolicy.latest(1).plan(for: []).decisions.isEmpty)
    #expect(RetentionPolicy.everyHours(1).plan(for: []).decisions.isEmpty)
    #expect(RetentionPolicy.best(1, by: "loss", .lowest).plan(for: []).description.isEmpty)
  }

  @Test func `goes by the order of saving, not by clocks`() {
    let list = checkpoints(atHours: [9, 3, 1])
    #expect(kept(by: .latest(2), list) == [2, 3])
  }

  @Test func `counts a period from the last one that was kept, or on a grid`() {
    let list = checkpoints(atHours: [1, 2.5, 3, 4, 5.2, 6, 7])
    #expect(kept(by: .everyHours(2), list, since: 0) == [2, 5, 7])
    // Marks at 2, 4, 6; each is passed by one.
    #expect(kept(by: .everyHours(2, anchored: .grid), list, since: 0) == [2, 5, 7])
    let pause = checkpoints(atHours: [1, 9, 9.1, 9.2, 9.3, 9.4, 9.5])
    #expect(kept(by: .everyHours(2), pause, since: 0) == [2, 7])
    // Marks at 2, 4, 6, 8: four follow each other at once.
    #expect(kept(by: .everyHours(2, anchored: .grid), pause, since: 0) == [2, 3, 4, 5, 7])
  }

  @Test func `keeps the first of all if nothing says when it began`() {
    let list = checkpoints(atHours: [5, 6, 7, 8])
    #expect(kept(by: .everyHours(2), list) == [1, 3, 4])
    #expect(kept(by: .everyHours(2, anchored: .grid), list) == [1, 4])
  }

  @Test(arguments: [RetentionPolicy.Anchor.lastKept, .grid])
  func `goes on when clocks were set back`(anchor: RetentionPolicy.Anchor) {
    let list = checkpoints(atHours: [1, 90_000, 2, 2.5, 4.5, 5])
    #expect(kept(by: .everyHours(2, anchored: anchor), list, since: 0) == [2, 3, 5, 6])
  }

  @Test func `decides alike after what it does not keep has gone`() {
    let policies: [RetentionPolicy] = [
      .latest(3).or(.everyHours(2)), .latest(2).or(.everyHours(3, anchored: .grid)),
      .latest(1).or(.everySteps(7)), .latest(2).or(.best(2, by: "loss", .lowest)),
      .every(.seconds(5400)).or(.everySteps(5)).or(.best(1, by: "loss", .highest)),
    ]
    for seed in TestCases.every(10, of: 0..<200 as Range<UInt64>) {
      var rng = SeededGenerator(seed: seed)
      var (step, time) = (0, 0.0)
      let list = (0..<40).map { number in
        step += Int.random(in: 1...4, using: &rng)
        time += Double.random(in: -0.2...3, using: &rng) * Self.hour
        let loss = Double(Int.random(in: 0..<20, using: &rng))
        return RetentionPolicy.SavedCheckpoint(
          path: "m-\(number)", step: step, time: time, metrics: ["loss": loss])
      }
      for policy in policies {
        let plan = policy.plan(for: list, since: 0)
        let again = policy.plan(for: plan.kept, since: 0)
        #expect(again.removed.isEmpty, "seed \(seed), \(policy)")
        var left: [RetentionPolicy.SavedCheckpoint] = []
        for checkpoint in list { left = policy.plan(for: left + [checkpoint], since: 0).kept }
        #expect(left == plan.kept, "seed \(seed), \(policy): one by one and all at once")
      }
    }
  }

  @Test func `keeps the first at or after each multiple of steps`() {
    let list = checkpoints(atSteps: [3, 9, 10, 11, 19, 25, 40, 49])
    #expect(kept(by: .everySteps(10), list) == [3, 6, 7, 8])
    #expect(kept(by: .everySteps(1), list) == [1, 2, 3, 4, 5, 6, 7, 8])
    let strange = checkpoints(atSteps: [nil, .min, -5, 0, .max, nil, 12, .max - 1, 1])
    #expect(kept(by: .everySteps(10), strange) == [5, 7, 9])
    #expect(kept(by: .everySteps(.max), strange) == [5, 9])
  }

  @Test func `keeps the best by a metric`() {
    let list = checkpoints(withLosses: [3, 1, nil, .nan, 2, 1, -.infinity, 7])
    #expect(kept(by: .best(1, by: "loss", .lowest), list) == [7, 8])
    #expect(kept(by: .best(2, by: "loss", .lowest), list) == [2, 7, 8])
    #expect(kept(by: .best(3, by: "loss", .lowest), list) == [2, 6, 7, 8])
    #expect(kept(by: .best(2, by: "loss", .highest), list) == [1, 8])
    #expect(kept(by: .best(2, by: "accuracy", .highest), list) == [8])
  }

  @Test func `keeps pinned ones and the newest, whatever the rules say`() {
    var list = checkpoints(withLosses: [3, 1, 2, 9])
    list[2].isPinned = true
    #expect(kept(by: .best(1, by: "loss", .lowest), list) == [2, 3, 4])
    #expect(kept(by: .latest(1), list) == [3, 4])
  }

  @Test func `keeps what one rule or another keeps`() {
    let list = checkpoints(atHours: [1, 2, 3, 4, 5, 6])
    let policy = RetentionPolicy.latest(2).or(.everySteps(3)).or(.everyHours(4))
    #expect(kept(by: policy, list, since: 0) == [3, 4, 5, 6])
    #expect(policy.or(.latest(2)) == policy)
    #expect(kept(by: policy.or(.all), list) == [1, 2, 3, 4, 5, 6])
  }

  @Test func `says why`() {
    var list = checkpoints(atHours: [0.5, 2, 3, 4.1, 5])
    for index in list.indices { list[index].metrics["loss"] = Double(index) / 2 }
    list[2].metrics = [:]
    list[1].isPinned = true
    let policy = RetentionPolicy.latest(1).or(.everyHours(2)).or(.best(1, by: "loss", .lowest))
    #expect(
      policy.plan(for: list, since: 0).description == """
        run/ckpt-1 stays: its 'loss' of 0.0 is number 1, the best 1 stay
        run/ckpt-2 stays: it is pinned; 2 h after the beginning, which is 2 h or more
        run/ckpt-3 goes: 2 are newer, the latest 1 stay; \
        1 h after the last one kept for good, which is less than 2 h; it has no 'loss'
        run/ckpt-4 stays: 2.1 h after the last one kept for good, which is 2 h or more
        run/ckpt-5 stays: it is the newest
        """)
    #expect(policy.description == "the latest 1, or one every 2 h, or the 1 with the lowest 'loss'")
    let grid = RetentionPolicy.every(.seconds(5400), anchored: .grid).or(.everySteps(2))
    #expect(
      grid.plan(for: Array(list.prefix(3)), since: 0).description == """
        run/ckpt-1 goes: 1 h too early for the next one of each 1.5 h; \
        the next to stay is the first from step 2 on
        run/ckpt-2 stays: it is pinned; it is the first of another 1.5 h; it is the first from step 2 on
        run/ckpt-3 stays: it is the newest
        """)
    #expect(grid.description == "one for each 1.5 h since the beginning, or one every 2 steps")
  }

  @Test(arguments: [
    (RetentionPolicy.latest(0), "'the latest 0'"), (.latest(-3), "'the latest -3'"),
    (.everySteps(0), "'one every 0 steps'"),
    (.best(0, by: "loss", .lowest), "'the 0 with the lowest 'loss''"),
  ])
  func `refuses numbers that make no sense`(policy: RetentionPolicy, what: String) {
    let error = #expect(throws: CheckpointError.self) { try policy.check() }
    #expect(
      error?.description
        == "\(what) cannot be kept, the number is 1 at least; '.all' keeps all checkpoints "
        + "(invalidArgument)")
    _ = policy.plan(for: checkpoints(atHours: [1, 2]))  // and does not trap
  }

  @Test(arguments: [0, -1, .nan] as [Double])
  func `refuses periods of no length`(hours: Double) {
    let policy = RetentionPolicy.everyHours(hours).or(.latest(0))
    let error = #expect(throws: CheckpointError.self) { try policy.check() }
    #expect(error?.problems.count == 2)
    #expect(error?.message == "2 rules for keeping make no sense")
    #expect(error?.problems.first?.message.hasSuffix("the period has no length") == true)
  }

  @Test(arguments: [
    (RetentionPolicy.Period.seconds(90), "1.5 min"), (.hours(2), "2 h"), (.seconds(12), "12 s"),
    (.minutes(59.99), "60 min"), (.days(3), "3 d"), (.seconds(-7200), "-2 h"), (.seconds(0), "0 s"),
    (.seconds(.infinity), "inf s"), (.seconds(.nan), "nan s"), (.seconds(1e300), "1e+300 s"),
  ])
  func `says how long a period is`(period: RetentionPolicy.Period, text: String) {
    #expect(period.description == text)
  }
}
