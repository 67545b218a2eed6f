import Checkpoints

/// The calls that are measured.
struct Calls {
  private let side: Int
  private let array: [Float]
  private let tensor: Tensor<Float>
  private let matrix: Tensor<Float>
  private let other: Tensor<Float>
  private let otherArray: [Float]
  private let untyped: AnyTensor

  init(side: Int) throws {
    self.side = side
    array = (0..<side * side).map { Float($0 % 1_000) }
    otherArray = array.map { $0 }
    tensor = Tensor(array)
    matrix = Tensor(shape: [side, side], scalars: array)
    other = Tensor(otherArray)
    untyped = AnyTensor(matrix)
  }

  var all: [Call] { whole + elements + parts }

  private var whole: [Call] {
    [
      Call(name: "array") {
        use(tensor.array)
      } array: {
        use(copy(array))
      },
      Call(name: "==") {
        use(tensor == other)
      } array: {
        use(array == otherArray)
      },
      Call(name: "init([Scalar])") {
        use(Tensor(array))
      } array: {
        use(copy(array))
      },
      Call(name: "init(repeating:)") {
        use(Tensor<Float>(repeating: 1, shape: [side, side]))
      } array: {
        use(Array(repeating: Float(1), count: side * side))
      },
      Call(name: "AnyTensor and back") {
        use((try? Tensor<Float>(AnyTensor(tensor))) ?? other)
      } array: {
        use(array)
      },
    ]
  }

  private var elements: [Call] {
    [
      Call(name: "get, one index") {
        var sum: Float = 0
        for index in 0..<side * side { sum += tensor[index] }
        use(sum)
      } array: {
        var sum: Float = 0
        for index in 0..<side * side { sum += array[index] }
        use(sum)
      },
      Call(name: "get, two indices") {
        var sum: Float = 0
        for row in 0..<side { for column in 0..<side { sum += matrix[row, column] } }
        use(sum)
      } array: {
        var sum: Float = 0
        for row in 0..<side { for column in 0..<side { sum += array[row * side + column] } }
        use(sum)
      },
      Call(name: "set, one index") {
        var changed = Tensor<Float>(repeating: 0, shape: [side * side])
        for index in 0..<side * side { changed[index] = Float(index) }
        use(changed)
      } array: {
        var changed = Array(repeating: Float(0), count: side * side)
        for index in 0..<side * side { changed[index] = Float(index) }
        use(changed)
      },
      Call(name: "set, two indices") {
        var changed = Tensor<Float>(repeating: 0, shape: [side, side])
        for row in 0..<side { for column in 0..<side { changed[row, column] = Float(column) } }
        use(changed)
      } array: {
        var changed = Array(repeating: Float(0), count: side * side)
        for row in 0..<side {
          for column in 0..<side { changed[row * side + column] = Float(column) }
        }
        use(changed)
      },
      Call(name: "withMutableScalars") {
        var changed = tensor
        changed.withMutableScalars { scalars in
          for index in scalars.indices { scalars[index] *= 0.5 }
        }
        use(changed)
      } array: {
        var changed = array
        for index in changed.indices { changed[index] *= 0.5 }
        use(changed)
      },
    ]
  }

  private var parts: [Call] {
    [
      Call(name: "part, half the columns") {
        use((try? untyped.part(TensorSlice(starts: [0, 0], shape: [side, side / 2]))) ?? untyped)
      } array: {
        var half: [Float] = []
        half.reserveCapacity(side * side / 2)
        for row in 0..<side { half += array[row * side..<row * side + side / 2] }
        use(half)
      }
    ]
  }
}

/// Keeps a value until the next one, so that the compiler cannot leave out what made it.
private func use(_ value: Any) { unsafe Kept.last = value }

private enum Kept {
  nonisolated(unsafe) static var last: Any = 0  // one thread measures
}

/// A copy with memory of its own.
@inline(never)
private func copy(_ array: [Float]) -> [Float] {
  var copy: [Float] = []
  copy.reserveCapacity(array.count)
  copy += array
  return copy
}
