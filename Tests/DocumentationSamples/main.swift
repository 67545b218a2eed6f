import Checkpoints

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
  "WritingYourOwnArrayType": writingYourOwnArrayType,
  "WritingYourOwnFormat": writingYourOwnFormat,
]
let page = CommandLine.arguments.dropFirst().first ?? ""
guard let samples = pages[page] else { fail("main.swift lists no samples of the page '\(page)'") }
try samples()

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
