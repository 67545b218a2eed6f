import CheckpointIO
import Checkpoints
import Foundation
import Testing

@Suite struct LocalizedErrorTests {
  static let one = CheckpointError(.notFound, "no key 'w'; nearest is 'v'", file: "run/ckpt-7")

  @Test func `says in Foundation's way what it says in Swift's`() {
    let error: any Error = Self.one
    #expect(error.localizedDescription == "run/ckpt-7: no key 'w'; nearest is 'v' (notFound)")
    #expect((error as NSError).localizedDescription == error.localizedDescription)
    var several = Self.one
    several.problems = [Self.one, Self.one]
    #expect(several.localizedDescription == several.description)
  }
}
