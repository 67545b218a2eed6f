import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that the check of readers finds nothing where nothing is wrong, and something where one thing is.
@Suite struct ReaderCheckTests {
  @Test(arguments: TestCases.every(5, of: 0..<6 as Range<UInt64>))
  func `finds nothing wrong with a dictionary`(seed: UInt64) {
    let model = TensorModel.sample(names: [TensorKey(bytes: [0xFF, 0])], seed: seed)
    #expect(checkTensorReader(ModelReader(model), against: model, seed: seed) == [])
  }

  private struct ThreeMembers: TensorReader {
    let base: ModelReader
    var path: String { base.path }

    func forEachEntry(_ body: (TensorEntry) throws(CheckpointError) -> Void)
      throws(CheckpointError)
    {
      try base.forEachEntry(body)
    }

    func tensor(for key: TensorKey, slice: TensorSlice?) throws(CheckpointError) -> AnyTensor {
      try base.tensor(for: key, slice: slice)
    }
  }

  @Test func `finds nothing wrong with a reader of the three members that it needs`() {
    let model = TensorModel.sample([.float32, .string, .bool])
    #expect(checkTensorReader(ThreeMembers(base: ModelReader(model)), against: model) == [])
  }

  @Test func `finds nothing wrong with nothing`() {
    let nothing = TensorModel([:])
    #expect(checkTensorReader(ModelReader(nothing), against: nothing) == [])
  }

  @Test(arguments: TestCases.every(3, of: FaultyReader.Fault.allCases))
  func `finds what is wrong with a reader`(fault: FaultyReader.Fault) {
    let model = TensorModel.sample([.float32, .string, .int64, .bool])
    let findings = checkTensorReader(FaultyReader(model, fault), against: model)
    #expect(!findings.isEmpty)
  }

  @Test func `finds a reader of another checkpoint`() {
    let model = TensorModel.sample()
    for key in model.keys.prefix(2) {
      let less = TensorModel(model.tensors.filter { $0.key != key })
      #expect(!checkTensorReader(ModelReader(less), against: model).isEmpty, "without '\(key)'")
      #expect(!checkTensorReader(ModelReader(model), against: less).isEmpty, "with '\(key)'")
    }
    let other = TensorModel.sample(seed: 2)
    #expect(!checkTensorReader(ModelReader(other), against: model).isEmpty)
  }
}
