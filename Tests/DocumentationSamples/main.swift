import Checkpoints
import Foundation

// The code of README.md and of the articles, as it stands there: compiled as everything else is,
// warnings being errors, and run by `DocumentationTests`, page by page, each in an empty directory.
//
//     documentation-samples PAGE
//
// What a page says outside of functions stands in `Pages`, a file for each page, in a function that is
// listed below. Code with `await` stands here, at top level, where the compiler chooses differently
// between functions that are asynchronous and others. Lines that no page has, but stand between lines
// of a block, end with `// not on the page`.

let pages: [String: () throws -> Void] = [
  "README": readme,
  "CheckpointKeys": checkpointKeys,
  "Checkpoints": frontPage,
  "Cookbook": cookbook,
  "FromKeras": fromKeras,
  "FromSwiftModels": fromSwiftModels,
  "ManagingCheckpoints": managingCheckpoints,
  "ManyProcesses": manyProcesses,
  "MappingNames": mappingNames,
  "RegisteringObjects": registeringObjects,
  "RescuingOldWeights": rescuingOldWeights,
  "RestoringObjects": restoringObjects,
  "SafetensorsAndHuggingFace": safetensorsAndHuggingFace,
  "SubclassesAndActors": subclassesAndActors,
  "Threads": threads,
  "WhatStays": whatStays,
  "WritingYourOwnArrayType": writingYourOwnArrayType,
  "WritingYourOwnFormat": writingYourOwnFormat,
]
let page = CommandLine.arguments.dropFirst().first ?? ""
guard let samples = pages[page] else { fail("main.swift lists no samples of the page '\(page)'") }
try samples()

// MARK: Cookbook.md

@MainActor
final class Recognizer {
  let model = Classifier()
  private let manager: CheckpointManager

  init(savingTo directory: URL) throws {
    manager = try CheckpointManager(
      Checkpoint(["model": model]), directory: directory, retention: .latest(2))
  }

  /// When the app starts.
  func load() async throws { try await manager.restoreOrInitializeInBackground() }

  /// When the app goes into the background.
  func save() async throws {
    try manager.saveInBackground()
    try await manager.finish()
  }
}

if page == "Cookbook" {
  var evaluations = 0

  let trained = Classifier()
  let evaluation = try Checkpoint(["model": trained])
  for try await _ in CheckpointDirectory("run").updates(timeout: .seconds(3600)) {
    let status = try evaluation.restore(from: "run").assertExistingObjectsMatched()
    print(status.path ?? "", evaluate(trained))
    evaluations += 1  // not on the page
    break  // not on the page
  }

  expect(evaluations == 1)
  let app = URL(filePath: "app")
  let recognizer = try Recognizer(savingTo: app)
  try await recognizer.load()
  recognizer.model.hidden.bias.value[7] = 3
  try await recognizer.save()
  let restarted = try Recognizer(savingTo: app)
  try await restarted.load()
  expect(restarted.model.hidden.bias.value[7] == 3)
}

// MARK: ManagingCheckpoints.md

if page == "ManagingCheckpoints" {
  let checkpoint = try Checkpoint(["model": Classifier(), "optimizer": Momentum()])
  let manager = try CheckpointManager(checkpoint, directory: "run", retention: .all)

  for step in 1...1000 {
    train()
    if step % 500 == 0 { try manager.saveInBackground(step: step) }
  }
  try await manager.finish()  // the process must not end before

  expect(manager.checkpoints.compactMap(\.step).suffix(2) == [500, 1000])
  var count = 0

  for try await _ in CheckpointDirectory("run").updates(timeout: .seconds(3600)) {
    try checkpoint.restore(from: "run").assertExistingObjectsMatched()
    count += 1  // not on the page
    break  // not on the page
  }

  expect(count == 1)
}

// MARK: SafetensorsAndHuggingFace.md

if page == "SafetensorsAndHuggingFace" {
  let options = SaveOptions(
    format: .modelDirectory, sharding: .maxBytes(1 << 30), omitsUnsupported: true)

  let step = Variable<Int64>(0)
  let checkpoint = try Checkpoint(["model": Classifier(), "step": step], options: options)
  let manager = try CheckpointManager(
    checkpoint, directory: "run", retention: .latest(3), stepCounter: step)
  try manager.restoreOrInitialize()
  while step.scalar < 1000 {
    train()
    step.scalar += 1
    if step.scalar % 100 == 0 { try manager.saveInBackground(step: Int(step.scalar)) }
  }
  try await manager.finish()

  let again = Variable<Int64>(0)
  let resumed = try CheckpointManager(
    Checkpoint(["model": Classifier(), "step": again], options: options), directory: "run",
    retention: .latest(3))
  expect(try resumed.restoreOrInitialize() != nil && again.scalar == 1000)
}

// MARK: SubclassesAndActors.md

if page == "SubclassesAndActors" {
  let path = try await Trainer().save(to: "run/trainer")
  expect(try ObjectGraph(at: path).node(at: "model/kernel") != nil)
  try objectsOfTheMainActor()
}

// MARK: Threads.md

if page == "Threads" {
  let shared = try CheckpointReader("run/ckpt-2")
  try await withThrowingTaskGroup(of: Void.self) { group in
    for entry in try shared.entries() {
      group.addTask {
        let tensor = try shared.tensor(for: entry.key)
        print(entry.key, tensor.spec.dtype)
      }
    }
    try await group.waitForAll()
  }
}
