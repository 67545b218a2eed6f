// Measures what everyday calls take, beside the same with an array: 16 Mi floats, or a matrix of 4,096 rows of
// as many. Both take turns; the figures are medians, in nanoseconds an element.

import Checkpoints
import Foundation

@main
struct Program {
  static func main() throws {
    let quick = CommandLine.arguments.contains("--quick")
    let side = quick ? 256 : 4_096
    let calls = try Calls(side: side).all
    print("call                        tensor      array      ratio")
    for call in calls {
      let (tensor, array) = call.measure(rounds: quick ? 3 : 9, count: side * side)
      let figures = [tensor, array, tensor / array].map { String(format: "%11.3f", $0) }
      print(call.name.padding(toLength: 23, withPad: " ", startingAt: 0) + figures.joined())
    }
  }
}

/// A call, and the same with an array.
struct Call {
  let name: String
  let tensor: () -> Void
  let array: () -> Void

  /// The medians, in nanoseconds an element.
  func measure(rounds: Int, count: Int) -> (tensor: Double, array: Double) {
    var times: (tensor: [Double], array: [Double]) = ([], [])
    for _ in 0..<rounds {
      times.tensor.append(Self.time(tensor) / Double(count))
      times.array.append(Self.time(array) / Double(count))
    }
    return (times.tensor.sorted()[rounds / 2], times.array.sorted()[rounds / 2])
  }

  private static func time(_ body: () -> Void) -> Double {
    ContinuousClock().measure(body) / .nanoseconds(1)
  }
}
