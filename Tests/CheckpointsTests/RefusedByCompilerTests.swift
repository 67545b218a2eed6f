import CheckpointTestSupport
import Testing

/// Proves what the compiler refuses, since nobody would notice it at run time, and what it says.
@Suite(.enabled(if: SwiftCompiler.shared != nil, "there is no compiler that reads the modules"))
struct RefusedByCompilerTests {
  private func errors(_ code: String) throws -> String {
    let compiler = try #require(SwiftCompiler.shared)
    return try compiler.errors(in: "import Checkpoints\n\(code)").joined(separator: "\n")
  }

  @Test func `takes the forms of a class that are heard`() throws {
    let code = """
      final class Final: Checkpointable { let w = Variable<Float>(1) }
      class Written: Checkpointable {
        func registerDependencies(in registrar: inout DependencyRegistrar) {
          registrar.trackProperties(of: self)
        }
      }
      class Module: CheckpointableObject {}
      final class Layer: Module {
        var scale: Float = 3
        override func registerDependencies(in registrar: inout DependencyRegistrar) {
          super.registerDependencies(in: &registrar)
          registrar.variable("scale", of: self, \\.scale)
        }
      }
      class Adam: CheckpointableObject, SlotVariableHolder {
        let slots = SlotVariables<Variable<Float>>("m", "v")
      }
      protocol Callable: Checkpointable {}
      final class Generic<Value>: Callable {}
      let all: [any Checkpointable] = [Final(), Written(), Layer(), Adam(), Generic<Int>()]
      """
    #expect(try errors(code) == "")
  }

  @Test func `refuses a method of a subclass that would not be heard`() throws {
    let code = """
      class Module: CheckpointableObject {}
      final class Layer: Module {
        func registerDependencies(in registrar: inout DependencyRegistrar) {}
      }
      """
    #expect(try errors(code) == "overriding declaration requires an 'override' keyword")
  }

  @Test(arguments: ["class Module: Checkpointable {}", "open class Module<T>: Checkpointable {}"])
  func `refuses a class without a method that subclasses override`(code: String) throws {
    let errors = try errors(code)
    #expect(errors.contains("does not conform to protocol 'Checkpointable'"))
    #expect(
      errors.contains(
        "a class that is not final has to have a method that subclasses can override: make the class "
          + "final, let it inherit from CheckpointableObject, or write 'func "
          + "registerDependencies(in registrar: inout DependencyRegistrar) { "
          + "registrar.trackProperties(of: self) }'"))
  }

  @Test func `says of a state that is not final what to write`() throws {
    let errors = try errors(
      """
      class Generator: StateRepresentable {
        func stateBytes() throws(CheckpointError) -> [UInt8] { [] }
        func restoreState(_ bytes: [UInt8]) throws(CheckpointError) {}
      }
      """)
    #expect(errors.contains("the state is registered all the same"))
  }

  @Test func `refuses an actor`() throws {
    let errors = try errors("actor Trainer: Checkpointable { let w = Variable<Float>(1) }")
    #expect(
      errors.contains(
        "an actor cannot be part of a checkpoint, which reads and writes properties from outside: "
          + "hold them in a final class that is Checkpointable, and save that inside of the actor"))
    let written = try self.errors(
      """
      actor Trainer: Checkpointable {
        func registerDependencies(in registrar: inout DependencyRegistrar) {}
      }
      """)
    #expect(written.contains("crosses into actor-isolated code"))
  }

  @Test func `keeps a class of the main actor on the main actor`() throws {
    let model = "@MainActor final class Model: @MainActor Checkpointable { var step = 1 }"
    #expect(try errors("\(model)\n@MainActor func f(_ m: Model) -> any Checkpointable { m }") == "")
    let elsewhere = try errors("\(model)\nfunc f(_ m: Model) throws { _ = try Checkpoint(m) }")
    #expect(elsewhere.contains("main actor-isolated conformance of 'Model' to 'Checkpointable'"))
  }
}
