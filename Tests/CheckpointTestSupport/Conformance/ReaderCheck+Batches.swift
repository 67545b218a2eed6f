import CheckpointIO
import CheckpointTensors
import Dispatch

extension ReaderCheck {
  // MARK: Several tensors at once

  func checkBatches() {
    checkBatch([])
    checkBatch(model.keys.map { TensorRequest($0) })
    checkBatch(model.keys.reversed().map { TensorRequest($0) })
    var random = SeededGenerator(seed: seed &+ 5)
    for _ in 0..<8 where !model.keys.isEmpty {
      let count = Int.random(in: 1...20, using: &random)
      checkBatch((0..<count).map { _ in request(&random) })  // some of them twice
    }
    for key in unknownKeys.prefix(4) { checkUnknown(key, &random) }
    checkWrongSlice()
  }

  private func request(_ random: inout SeededGenerator) -> TensorRequest {
    let key = model.keys.randomElement(using: &random) ?? ""
    guard let tensor = model[key], Bool.random(using: &random) else { return TensorRequest(key) }
    let shape = tensor.spec.shape
    let slices = slices(of: shape).filter { TensorModel.ranges(of: $0, in: shape) != nil }
    return TensorRequest(key, slice: slices.randomElement(using: &random))
  }

  private func part(_ request: TensorRequest) -> AnyTensor? {
    model[request.key].flatMap { TensorModel.part(request.slice, of: $0) }
  }

  private func checkBatch(_ requests: [TensorRequest]) {
    let what = "batch of \(requests.map(\.key))"
    let batch = attempt(what) { () throws(CheckpointError) in try reader.batch(of: requests) }
    guard let batch else { return }
    let count = attempt(what) { () throws(CheckpointError) in try batch.entries().count }
    guard count == requests.count else { return findings.note("\(what): has not as many entries") }
    checkLookup(batch, requests, what)
    checkTensors(batch, requests, what)
    guard !requests.isEmpty else { return }
    let positions = shuffled(Array(requests.indices), 6) + [0]
    let selected = batch.selecting(positions)
    let chosen = positions.map { requests[$0] }
    checkLookup(selected, chosen, "\(what), selected")
    checkTensors(selected, chosen, "\(what), selected")
    checkLookup(batch.selecting([]), [], "\(what), none selected")
    checkStop(batch, requests, what)
  }

  private func checkLookup(_ batch: any TensorBatch, _ requests: [TensorRequest], _ what: String) {
    let found = attempt(what) { () throws(CheckpointError) in try batch.entries() }
    let expected = attempt(what) { () throws(CheckpointError) in
      try requests.map { request throws(CheckpointError) in try reader.entry(for: request.key) }
    }
    if let found, let expected {
      expect(found == expected, "\(what): its entries differ from those of entry(for:)")
    }
    for (position, request) in requests.enumerated() {
      let spec = batch.spec(at: position)
      expect(
        spec == model[request.key]?.spec, "\(what): at \(position) is \(String(describing: spec))")
      let slices = expected?[position]?.slices ?? []
      expect(batch.slices(at: position) == slices, "\(what): at \(position) has other parts")
    }
  }

  private func checkTensors(_ batch: any TensorBatch, _ requests: [TensorRequest], _ what: String) {
    let ways: [(String, () throws(CheckpointError) -> [AnyTensor])] = [
      ("tensors()", { () throws(CheckpointError) in try batch.tensors() }),
      ("mapped", { () throws(CheckpointError) in try batch.mappedTensors(isChecked: false) }),
      ("checked", { () throws(CheckpointError) in try batch.mappedTensors(isChecked: true) }),
    ]
    for (name, read) in ways {
      guard let tensors = attempt("\(name) of \(what)", read) else { continue }
      guard tensors.count == requests.count else {
        findings.note("\(name) of \(what): gives \(tensors.count) tensors, not \(requests.count)")
        continue
      }
      for (tensor, request) in zip(tensors, requests) {
        expectSame(tensor, part(request), "\(name) of \(what): '\(request.key)'")
      }
    }
    checkSources(batch, requests, what)
  }

  private func checkSources(_ batch: any TensorBatch, _ requests: [TensorRequest], _ what: String) {
    var seen: [Int] = []
    let isDone: Void? = attempt("forEachTensor of \(what)") { () throws(CheckpointError) in
      try batch.forEachTensor { position, source throws(CheckpointError) in
        seen.append(position)
        guard requests.indices.contains(position), let part = part(requests[position]) else {
          return
        }
        let place = "forEachTensor of \(what): at \(position)"
        expectSame(try source.tensor(), part, place)
        guard part.storage != nil else { return }
        let expected = TensorModel.bytes(of: part)
        var bytes = [UInt8](repeating: 0xA5, count: expected.count)
        var span = bytes.mutableSpan
        var output = unsafe span.mutableBytes  // every pattern of bits is a UInt8
        try source.read(into: &output)
        expect(bytes == expected, "\(place): read gives other values")
      }
    }
    guard isDone != nil else { return }
    expect(seen.sorted() == Array(requests.indices), "forEachTensor of \(what): offers \(seen)")
    let isPassed: Void? = attempt("forEachTensor of \(what) without reading") {
      () throws(CheckpointError) in
      try batch.forEachTensor { _, _ in }
    }
    _ = isPassed
  }

  // An error of the caller's ends the work, and comes back with the key.
  private func checkStop(_ batch: any TensorBatch, _ requests: [TensorRequest], _ what: String) {
    var count = 0
    var key: TensorKey?
    let error = expectError(.cancelled, "forEachTensor of \(what) with a body that throws") {
      () throws(CheckpointError) in
      try batch.forEachTensor { position, _ throws(CheckpointError) in
        count += 1
        key = requests[position].key
        throw CheckpointError(.cancelled, "enough")
      }
    }
    expect(count == 1, "forEachTensor of \(what): goes on after an error")
    if let error {
      expect(error.key == key?.description, "forEachTensor: the error has no key: \(error)")
    }
  }

  // MARK: Refusals

  // What is not there is no error before it is read.
  private func checkUnknown(_ unknown: TensorKey, _ random: inout SeededGenerator) {
    let known = model.keys.isEmpty ? [] : (0..<3).map { _ in request(&random) }
    let requests = (known + [TensorRequest(unknown)]).shuffled(using: &random)
    let what = "batch with '\(unknown)', which is not there"
    let batch = attempt(what) { () throws(CheckpointError) in try reader.batch(of: requests) }
    guard let batch else { return }
    checkLookup(batch, requests, what)
    let reads: [(String, () throws(CheckpointError) -> Void)] = [
      ("tensors()", { () throws(CheckpointError) in _ = try batch.tensors() }),
      (
        "mappedTensors",
        { () throws(CheckpointError) in _ = try batch.mappedTensors(isChecked: true) }
      ),
      (
        "forEachTensor",
        { () throws(CheckpointError) in
          try batch.forEachTensor { _, source throws(CheckpointError) in _ = try source.tensor() }
        }
      ),
    ]
    for (name, read) in reads {
      let error = expectError(.notFound, "\(name) of \(what)", read)
      guard let error, error.code == .notFound else { continue }
      let says = error.key == unknown.description || error.message.contains(unknown.description)
      expect(says, "\(name) of \(what): the error does not name the key: \(error)")
    }
    let rest = requests.indices.filter { requests[$0].key != unknown }
    checkTensors(batch.selecting(rest), rest.map { requests[$0] }, "\(what), without that")
  }

  private func checkWrongSlice() {
    guard let key = model.keys.first, let rank = model[key]?.spec.shape.rank else { return }
    let wrong = TensorRequest(key, slice: .all(rank: rank + 1))
    expectError(.mismatch, "batch of '\(key)' with a slice that leaves it") {
      () throws(CheckpointError) in
      _ = try reader.batch(of: [TensorRequest(key), wrong]).tensors()
    }
  }

  // MARK: Several threads

  func checkThreads() {
    let threads = 6
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for key in shuffled(model.keys, UInt64(100 + thread)) {
        guard let tensor = model[key] else { continue }
        let what = "thread \(thread): '\(key)'"
        let found = attempt(what) { () throws(CheckpointError) in try reader.tensor(for: key) }
        expectSame(found, tensor, what)
        let entry = attempt(what) { () throws(CheckpointError) in try reader.entry(for: key) }
        if let entry { expect(entry?.spec == tensor.spec, "\(what): its entry is another one") }
      }
      let requests = shuffled(model.keys, UInt64(200 + thread)).map { TensorRequest($0) }
      let tensors = attempt("thread \(thread): tensors(for:)") { () throws(CheckpointError) in
        try reader.tensors(for: requests)
      }
      for (tensor, request) in zip(tensors ?? [], requests) {
        expectSame(tensor, model[request.key], "thread \(thread): tensors(for:) '\(request.key)'")
      }
    }
  }
}
