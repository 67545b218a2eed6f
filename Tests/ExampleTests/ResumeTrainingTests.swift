import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

@Suite struct ResumeTrainingTests {
  @Test(.timeLimit(.minutes(20)), arguments: TestCases.areAll ? ["adam", "momentum"] : ["adam"])
  func `a training that was killed ends like one that was not`(method: String) throws {
    let run = try ChildProcess.run("resume-training", [method])
    #expect(run.status == 0)
    #expect(run.errors == "")
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.contains("  killed"))
    #expect(lines.contains { $0.hasPrefix("  restored ckpt-") })
    #expect(lines.contains("  weights: 4 equal, 0 different"))
    #expect(lines.contains("  slot variables: \(method == "adam" ? 8 : 4) equal, 0 different"))
    #expect(lines.contains("  step: 1 equal, 0 different"))
    #expect(lines.contains("  generator state and order of the data: 1 equal, 0 different"))
    #expect(lines.last == "They are the same, bit for bit.")
  }

  @Test(.timeLimit(.minutes(20))) func `trainings that differ are told apart`() throws {
    let directory = try TemporaryDirectory()
    for method in ["adam", "momentum"] {
      let run = try ChildProcess.run("resume-training", ["train", method, directory.path(method)])
      #expect(run.status == 0)
    }
    let ends = ["adam", "momentum"].map { directory.path("\($0)/ckpt-14") }
    let comparison = try ChildProcess.run("resume-training", ["compare"] + ends)
    #expect(comparison.status == 1)
    #expect(comparison.output.contains("  weights: 0 equal, 4 different\n"))
    #expect(comparison.output.contains("  slot variables: 0 equal, 12 different\n"))
    #expect(comparison.errors == "They are different.\n")

    let same = try ChildProcess.run("resume-training", ["compare", ends[0], ends[0]])
    #expect(same.status == 0)
  }

  @Test func `arguments that make no sense are explained`() throws {
    let run = try ChildProcess.run("resume-training", ["sgd"])
    #expect(run.status == 2)
    #expect(run.errors == "'sgd' is neither adam nor momentum\n")
  }
}
