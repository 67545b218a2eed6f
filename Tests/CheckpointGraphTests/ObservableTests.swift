import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Observation
import Testing

/// Proves that the names of what belongs to an object stay the same when its class becomes observable.
@Suite struct ObservableTests {
  @Observable fileprivate final class Model: Checkpointable {
    var w = Variable(1.0)
    var layers = [Dense()]
    var extra: Dense?
    var rate = 0.5
    let _fixed = Variable(2.0)
    @ObservationIgnored @NoDependency var cache: [Float] = []
    @ObservationIgnored lazy var late = Variable(3.0)
    @ObservationIgnored var plain = Variable(4.0)
    var _own = Variable(5.0)
  }

  @Test func `names the properties of an observable class as they are called`() throws {
    let model = Model()
    model.extra = Dense()
    _ = model.late
    #expect(
      try SavedObjects(model).places == [
        "w", "_fixed", "late", "plain", "_own", "extra/kernel", "extra/bias", "layers/0/kernel",
        "layers/0/bias",
      ])
  }

  @Observable fileprivate class Base: Checkpointable {
    var a = Variable(1.0)
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.trackProperties(of: self)
    }
  }
  @Observable fileprivate final class Derived: Base { var b = Variable(2.0) }
  fileprivate final class Unobserved: Base { var _b = Variable(2.0) }

  @Test func `looks at each class of a hierarchy by itself`() throws {
    #expect(try SavedObjects(Derived()).places == ["a", "b"])
    #expect(try SavedObjects(Unobserved()).places == ["a", "_b"])
  }

  @Observable fileprivate final class Referring: Checkpointable {
    var w = Variable(1.0)
    let _fixed = Variable(2.0)
    @ObservationIgnored weak var owner: Dense?
  }

  @Test func `takes the same names where Mirror has to do the work`() throws {
    #expect(try SavedObjects(Referring()).places == ["w", "_fixed"])
  }

  @Observable fileprivate final class Forgetful: Checkpointable { var weights: [Float] = [] }

  @Test func `calls a property by its name in an error, and where it is left out`() throws {
    let error = #expect(throws: CheckpointError.self) { try SavedObjects(Forgetful()) }
    #expect(error?.key == "weights")
    #expect(error?.message.hasPrefix("Forgetful, property 'weights': ") == true)
  }

  @Observable fileprivate final class Excepting: Checkpointable {
    var weights: [Float] = []
    var w = Variable(1.0)
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.trackProperties(of: self, except: ["weights"])
    }
  }

  @Test func `leaves out a property by its name`() throws {
    #expect(try SavedObjects(Excepting()).places == ["w"])
  }
}
