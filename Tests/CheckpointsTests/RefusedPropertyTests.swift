import CheckpointTensors
import CheckpointIO
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Testing

/// The table of what is refused, in RegisteringObjects.md, row by row.
@Suite struct RefusedPropertyTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  struct Refusal: CustomTestStringConvertible {
    let object: @Sendable () -> any Checkpointable
    let message: String
    var testDescription: String { message }
  }

  static let refusals = [
    Refusal(object: { Refused.Value() }, message: "is a value that could not be written back"),
    Refusal(object: { Refused.Struct() }, message: "is a value whose fields could not be written"),
    Refusal(object: { Refused.Forgotten() }, message: "holds variables, but is not Checkpointable"),
    Refusal(object: { Refused.Numbered() }, message: "only a dictionary with string keys"),
    Refusal(object: { Refused.Unordered() }, message: "has no order to name its elements by"),
    Refusal(object: { Refused.Twice() }, message: "two things have the name 'a'"),
    Refusal(object: { Refused.Suffix() }, message: "a name that ends in '.ATTRIBUTES'"),
  ]

  @Test(arguments: refusals) func `what is refused says why`(refusal: Refusal) throws {
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(["it": refusal.object()]).write(to: directory.path("refused"))
    }
    #expect(error?.description.contains(refusal.message) == true, "\(String(describing: error))")
  }
}

/// What cannot be registered.
private enum Refused {
  struct Layer: CheckpointableValue {
    var weight = Tensor<Float>(1)
    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("weight", \.weight)
    }
  }
  final class Value: Checkpointable { var tensor: Tensor<Float> = Tensor(1) }
  final class Struct: Checkpointable { var layer = Layer() }
  final class Holder { let v = Variable<Float>(1) }
  final class Forgotten: Checkpointable { let holder = Holder() }
  final class Numbered: Checkpointable { let v = [1: Variable<Float>(1)] }
  final class Unordered: Checkpointable { let v: Set<Unique> = [Unique()] }
  final class Unique: Checkpointable, Hashable {
    let v = Variable<Float>(1)
    static func == (one: Unique, other: Unique) -> Bool { one === other }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  }
  final class Twice: Checkpointable {
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(Variable<Float>(1), as: "a")
      registrar.track(Variable<Float>(2), as: "a")
    }
  }
  final class Suffix: Checkpointable {
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(Variable<Float>(1), as: "x.ATTRIBUTES")
    }
  }
}
