package import CheckpointIO
package import CheckpointGraph
package import CheckpointTensors

/// Which tensor goes into which variable: checked as a whole before the first one does.
///
/// Both front ends make one; ``RestoreExecutor`` carries it out.
package struct RestorePlan {
  /// A variable that asks for a value.
  package struct Request {
    /// Where the value is to go.
    package var variable: any TensorVariable
    /// The key it is asked for under.
    package var key: TensorKey
    /// The part of the tensor that is asked for; all of it for `nil`.
    package var part: TensorSlice.Part?
    /// Requests of the same number are met together or not at all; `nil` for one by itself.
    package var group: Int?

    package init(
      _ variable: any TensorVariable, key: TensorKey, part: TensorSlice.Part? = nil,
      group: Int? = nil
    ) {
      self.variable = variable
      self.key = key
      self.part = part
      self.group = group
    }
  }

  /// The requests that will be met, in order.
  package private(set) var requests: [Request]
  /// What the checkpoint has for them.
  package private(set) var batch: any TensorBatch
  /// What is known of the outcome so far.
  package private(set) var report: RestoreReport

  /// Compares what is asked for with what a checkpoint has; no value is read.
  ///
  /// - Parameters:
  ///   - wanted: The requests.
  ///   - reader: The checkpoint.
  ///   - options: What to do with those that cannot be met.
  ///   - otherProblems: What the front end has found, to be reported with the rest.
  ///   - otherMissing: The keys of those that `otherProblems` says are missing.
  ///   - count: Of how many variables, if not all of them have a request.
  ///   - hint: What else the error is to say if keys are missing, which it gets.
  /// - Throws: One error with every problem: `notFound` for keys that are missing, `mismatch` for
  ///   dtypes and shapes, as far as `options` do not allow them; `corrupt` if the index is damaged.
  package init(
    _ wanted: [Request], from reader: any TensorReader, options: RestoreOptions,
    otherProblems: [CheckpointError] = [], otherMissing: [TensorKey] = [], of count: Int? = nil,
    hint: ([TensorKey]) throws(CheckpointError) -> String = { _ throws(CheckpointError) in "" }
  ) throws(CheckpointError) {
    report = RestoreReport(reader: reader, wanted: wanted.map(\.key))
    let wanted = Self.withParts(wanted)
    let batch = try reader.batch(of: wanted.map { $0.tensorRequest(options) })
    (requests, self.batch) = (wanted, batch)
    let groups = expectGroups(in: batch)
    var problems: [CheckpointError] = []
    var unmet: Set<Int> = []
    let places = wanted.span  // looked at in their places: copies would count references
    for position in places.indices {
      guard let stored = batch.spec(at: position) else {
        unmet.insert(position)
        let request = wanted[position]
        report.missing.appendUnlessLast(request.key)
        guard options.completeness == .all else { continue }
        let isKnown = request.part != nil && problems.last?.key == request.key.description
        if !isKnown { problems.append(Self.missing(request)) }
        continue
      }
      let slices = batch.slices(at: position)
      // By far the most are whole, and what is wanted.
      if places[position].part == nil, slices.isEmpty,
        places[position].variable.tensorSpec == stored
      {
        continue
      }
      let problem = try Self.misfit(wanted[position], stored, slices, options)
      guard let problem else { continue }
      unmet.insert(position)
      report.mismatched.appendUnlessLast(places[position].key)
      if options.completeness != .matching { problems.append(problem) }
    }
    leaveOut(groups.isEmpty ? unmet : withGroups(unmet, groups))
    try Self.addHints(to: &problems, report)
    problems = otherProblems + problems
    // If names are missing, other names may be the reason.
    let missing = otherMissing + report.missing
    let advice = missing.isEmpty || problems.isEmpty ? "" : try hint(missing)
    if problems.count == 1 { problems[0].message += advice }
    let error = CheckpointError.combining(problems, file: reader.path) { number in
      "\(number) of \(count ?? wanted.count) variables cannot be restored; nothing has been changed"
        + advice
    }
    if let error { throw error }
  }

  /// What keeps a request from being met; `nil` if nothing does.
  package static func problem(
    of request: Request, in reader: any TensorReader, options: RestoreOptions
  ) throws(CheckpointError) -> CheckpointError? {
    guard let entry = try reader.entry(for: request.key) else { return missing(request) }
    (request.variable as? GroupMember)?.expect(entry.spec.shape)
    for request in withParts([request]) {
      if let problem = try misfit(request, entry.spec, entry.slices, options) { return problem }
    }
    return nil
  }

  // The positions of the tensors of each group. Members whose shape is open are told to expect the stored one.
  private func expectGroups(in batch: any TensorBatch) -> [Int: [Int]] {
    var groups: [Int: [Int]] = [:]
    let places = requests.span  // looked at in their places: copies would count references
    for position in places.indices {
      guard let group = places[position].group else { continue }
      groups[group, default: []].append(position)
      let stored = batch.spec(at: position)
      if let stored { (places[position].variable as? GroupMember)?.expect(stored.shape) }
    }
    return groups
  }

  // A group is restored as a whole or not at all.
  private mutating func withGroups(_ unmet: Set<Int>, _ groups: [Int: [Int]]) -> Set<Int> {
    var all = unmet
    for position in unmet.sorted() {
      for sibling in requests[position].group.flatMap({ groups[$0] }) ?? []
      where all.insert(sibling).inserted {
        report.mismatched.append(requests[sibling].key)
      }
    }
    return all
  }

  // A tensor is not restored in part because some of its parts fit.
  private mutating func leaveOut(_ unmet: Set<Int>) {
    guard !unmet.isEmpty else { return }
    let misfits = Set(report.mismatched)
    let met = requests.indices.filter { position in
      let request = requests[position]
      return !unmet.contains(position) && (request.part == nil || !misfits.contains(request.key))
    }
    batch = batch.selecting(met)
    requests = met.map { requests[$0] }
  }

  // Partitioned variables ask for each of their parts. Types are compared, which takes less than a
  // cast for each of many variables.
  private static func withParts(_ wanted: [Request]) -> [Request] {
    let partitioned = PartitionedVariable.self
    guard wanted.contains(where: { type(of: $0.variable) == partitioned }) else { return wanted }
    return wanted.flatMap { request in
      (request.variable as? PartitionedVariable)?.requests(for: request.key) ?? [request]
    }
  }

  /// How many bytes the numbers take that will be read.
  package var byteCount: UInt64 {
    requests.reduce(0) { $0 &+ UInt64($1.variable.tensorSpec.byteCount ?? 0) }
  }

  /// The report once all requests are met.
  package var finishedReport: RestoreReport {
    var report = report
    guard requests.contains(where: { $0.part != nil }) else {
      report.restored = requests.map(\.key)
      return report
    }
    for request in requests {
      if request.part == nil {
        report.restored.append(request.key)
      } else {
        report.restored.appendUnlessLast(request.key)
      }
    }
    return report
  }

  private static func missing(_ request: Request) -> CheckpointError {
    CheckpointError(
      .notFound, "the checkpoint has no such tensor, \(request.variable.tensorSpec) is wanted",
      key: request.key.description)
  }

  private static func misfit(
    _ request: Request, _ stored: TensorSpec, _ slices: [TensorSlice], _ options: RestoreOptions
  ) throws(CheckpointError) -> CheckpointError? {
    let variable = request.variable.tensorSpec
    if stored.dtype != variable.dtype {
      return CheckpointError(
        .mismatch,
        "the checkpoint has \(stored), the variable is \(variable); dtypes are not converted "
          + "silently", key: request.key.description)
    }
    let wanted = request.part?.fullShape ?? variable.shape
    guard stored.shape != wanted else { return try misfit(ofPart: request, stored.shape, slices) }
    let sameCount = stored.shape.elementCount == wanted.elementCount && request.part == nil
    guard !(options.allowsReshape && sameCount) else { return nil }
    let advice = sameCount ? "; allowsReshape takes it, element by element" : ""
    return CheckpointError(
      .mismatch, "the checkpoint has shape \(stored.shape), the variable \(wanted)\(advice)",
      key: request.key.description)
  }

  // Whether a part has the shape of its place, and all of it is stored.
  private static func misfit(
    ofPart request: Request, _ fullShape: TensorShape, _ slices: [TensorSlice]
  ) throws(CheckpointError) -> CheckpointError? {
    guard request.part != nil || !slices.isEmpty else { return nil }
    let place = try request.part?.slice.region(in: fullShape)
    let wanted = place ?? TensorRegion(all: fullShape)
    let shape = request.variable.tensorSpec.shape
    let key = request.key.description
    if let part = request.part, wanted.shape != shape {
      return CheckpointError(
        .mismatch,
        "the variable has the shape \(shape), its place \(part.slice) has \(wanted.shape)", key: key
      )
    }
    guard !slices.isEmpty else { return nil }
    // Reading checks that the parts do not overlap.
    let covered = try StoredParts.elementCount(of: wanted, in: slices, of: fullShape)
    guard covered < wanted.shape.elementCount else { return nil }
    let what = request.part.map { "slice \($0.slice)" } ?? "tensor"
    return CheckpointError(
      .notFound,
      "of this \(what) only \(covered) of \(wanted.shape.elementCount) elements were ever saved",
      key: key)
  }

  // MARK: Hints

  private static func addHints(to problems: inout [CheckpointError], _ report: RestoreReport)
    throws(CheckpointError)
  {
    // Looking for what was meant takes time for each: enough for a person to see the pattern.
    let missing = problems.indices.filter { problems[$0].code == .notFound }.prefix(16)
    guard !missing.isEmpty else { return }
    let unused = try report.unused()
    for index in missing {
      guard let key = problems[index].key else { continue }
      problems[index].message += try report.hint(forMissing: TensorKey(key), among: unused)
    }
  }
}

extension RestorePlan.Request {
  fileprivate func tensorRequest(_ options: RestoreOptions) -> TensorRequest {
    TensorRequest(key, slice: part?.slice, readsOnlyPart: options.readsOnlyParts)
  }

  /// What the whole tensor is to be.
  package var fullSpec: TensorSpec {
    let spec = variable.tensorSpec
    return TensorSpec(spec.dtype, part?.fullShape ?? spec.shape)
  }
}

extension [TensorKey] {
  // The parts of one tensor, which follow each other, count as one.
  fileprivate mutating func appendUnlessLast(_ key: TensorKey) {
    if last != key { append(key) }
  }
}
