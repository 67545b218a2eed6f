// swift-tools-version: 6.2

import PackageDescription

// One list for all Swift targets: a target that differs says why.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

func layer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

// Tests may use Foundation and the layers' package access; data files are found beside the source.
func tests(
  _ name: String,
  _ dependencies: [Target.Dependency],
  exclude: [String] = []
) -> Target {
  .testTarget(
    name: name,
    dependencies: dependencies + ["CheckpointPlatform", "CheckpointTestSupport"],
    exclude: exclude,
    swiftSettings: settings
  )
}

let package = Package(
  name: "swift-checkpoints",
  platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18)],
  products: [
    .library(name: "Checkpoints", targets: ["Checkpoints"]),
    .executable(name: "checkpoint", targets: ["CheckpointTool"]),
    .executable(name: "quickstart", targets: ["quickstart"]),
    .executable(name: "resume-training", targets: ["resume-training"]),
    .executable(name: "legacy-restore", targets: ["legacy-restore"]),
    .executable(name: "multi-process", targets: ["multi-process"]),
  ],
  traits: [
    .trait(
      name: "RuntimeFieldLayout",
      description:
        "Ask Swift's runtime where the stored properties of a class are, instead of asking "
        + "Mirror for every object again: faster with many objects, the same otherwise."
    ),
    .default(enabledTraits: ["RuntimeFieldLayout"]),
  ],
  targets: [
    // Checksum instructions that Swift cannot name.
    .target(name: "CChecksums"),
    // File calls that Swift's Glibc module does not show.
    .target(name: "CFileCalls"),
    // Where stored properties are, as Swift's runtime knows it.
    .target(
      name: "CFieldLayout",
      cSettings: [.define("CK_ASKS_RUNTIME", .when(traits: ["RuntimeFieldLayout"]))]
    ),

    // The C library of the system, under one name.
    layer("CheckpointPlatform", []),

    // Bytes, checksums, files, the error type.
    layer("CheckpointIO", ["CChecksums", "CFileCalls", "CheckpointPlatform"]),

    // Dtypes, shapes and tensors; protobuf; the sorted table of .index files.
    layer("CheckpointTensors", ["CheckpointPlatform", "CheckpointIO"]),
    layer("CheckpointWire", ["CheckpointIO", "CheckpointTensors"]),
    layer("CheckpointTable", ["CheckpointIO"]),

    // V2 files: a TensorReader and a TensorWriter.
    layer(
      "CheckpointBundle",
      ["CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointTable"]
    ),

    // V1 files: a TensorReader and a TensorWriter.
    layer(
      "CheckpointSlices",
      ["CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointTable"]
    ),

    // safetensors files: a TensorReader and a TensorWriter.
    layer("CheckpointSafetensors", ["CheckpointIO", "CheckpointTensors"]),

    // Objects and their names; knows no files.
    layer(
      "CheckpointGraph",
      ["CFieldLayout", "CheckpointIO", "CheckpointTensors", "CheckpointWire"]
    ),

    // Rules and proposals for names: a TensorReader over a TensorReader.
    layer(
      "CheckpointMapping",
      ["CheckpointIO", "CheckpointTensors", "CheckpointGraph"]
    ),

    // A checkpoint of any format at a path: found, opened, checked, removed, watched.
    layer(
      "CheckpointStore",
      [
        "CheckpointPlatform", "CheckpointIO", "CheckpointTensors", "CheckpointWire",
        "CheckpointBundle",
        "CheckpointSlices", "CheckpointSafetensors", "CheckpointGraph", "CheckpointMapping",
      ]
    ),

    // Which tensor goes under which key, or into which variable; knows no front end.
    layer(
      "CheckpointPlans",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointBundle", "CheckpointSlices",
        "CheckpointSafetensors", "CheckpointGraph", "CheckpointStore",
      ]
    ),

    // The product: the front ends.
    layer(
      "Checkpoints",
      [
        "CheckpointPlatform", "CheckpointIO", "CheckpointTensors", "CheckpointBundle",
        "CheckpointSlices", "CheckpointSafetensors", "CheckpointGraph", "CheckpointMapping",
        "CheckpointStore", "CheckpointPlans",
      ]
    ),
    .executableTarget(
      name: "CheckpointTool",
      dependencies: [
        "CheckpointPlatform", "CheckpointIO", "CheckpointTensors", "CheckpointWire",
        "CheckpointBundle",
        "CheckpointGraph", "CheckpointMapping", "CheckpointStore", "CheckpointPlans", "Checkpoints",
      ],
      swiftSettings: settings
    ),

    // Examples: each a program that users read first.
    .executableTarget(
      name: "quickstart",
      dependencies: ["Checkpoints", "DigitsModel"],
      path: "Examples/Quickstart",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "resume-training",
      dependencies: ["Checkpoints", "DigitsModel"],
      path: "Examples/ResumeTraining",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "multi-process",
      dependencies: ["Checkpoints", "DigitsModel"],
      path: "Examples/MultiProcess",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "legacy-restore",
      dependencies: ["Checkpoints"],
      path: "Examples/LegacyRestore",
      resources: [.copy("Data")],
      swiftSettings: settings
    ),
    // The model that the examples train, and its data.
    .target(
      name: "DigitsModel",
      dependencies: ["Checkpoints"],
      path: "Examples/DigitsModel",
      resources: [.copy("Data")],
      swiftSettings: settings
    ),

    // The speed, and the least that it could take: a program in C.
    .target(name: "CheckpointBenchmarkLimit", dependencies: ["CChecksums"]),
    .executableTarget(
      name: "checkpoint-benchmarks",
      dependencies: [
        "Checkpoints", "CheckpointBenchmarkLimit", "CheckpointBundle", "CheckpointIO",
        "CheckpointPlans", "CheckpointTensors",
      ],
      path: "Sources/CheckpointBenchmarks",
      resources: [.copy("Contenders/peers.py")],
      swiftSettings: settings
    ),

    // Tests: what they share, a program that kills itself in the middle of a save, and then a target
    // per module.
    .target(
      name: "CheckpointTestSupport",
      dependencies: ["CheckpointIO", "CheckpointTensors"],
      path: "Tests/CheckpointTestSupport",
      swiftSettings: settings
    ),
    // What is tried with bytes that nobody vouched for: by the tests, and by libFuzzer.
    .target(
      name: "CheckpointFuzzTargets",
      dependencies: [
        "CheckpointIO", "CheckpointTensors", "CheckpointTable", "CheckpointBundle",
        "CheckpointSlices", "CheckpointSafetensors", "CheckpointGraph", "CheckpointMapping",
        "CheckpointStore", "Checkpoints", "CheckpointTestSupport",
      ],
      path: "Tests/CheckpointFuzzTargets",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "crashing-saver",
      dependencies: [
        "CheckpointIO", "CheckpointTensors", "CheckpointBundle", "CheckpointMapping",
        "CheckpointStore", "CheckpointPlans", "Checkpoints",
        "CheckpointTestSupport",
      ],
      path: "Tests/CrashingSaver",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "checkpoint-stress",
      dependencies: ["Checkpoints"],
      path: "Tests/Stress",
      swiftSettings: settings
    ),
    // The code of README.md and of the articles: what users may see has to be enough for it.
    .executableTarget(
      name: "documentation-samples",
      dependencies: ["Checkpoints"],
      path: "Tests/DocumentationSamples",
      exclude: ["Manifest"],
      packageAccess: false,
      swiftSettings: settings
    ),
    tests("CheckpointIOTests", ["CheckpointIO"]),
    tests("CheckpointTensorsTests", ["CheckpointIO", "CheckpointTensors"]),
    tests("CheckpointWireTests", ["CheckpointIO", "CheckpointTensors", "CheckpointWire"]),
    tests("CheckpointTableTests", ["CheckpointIO", "CheckpointTable"]),
    tests(
      "CheckpointBundleTests",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointTable",
        "CheckpointBundle", "crashing-saver",
      ]
    ),
    tests(
      "CheckpointSlicesTests",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointTable",
        "CheckpointSlices",
      ]
    ),
    tests(
      "CheckpointSafetensorsTests",
      ["CheckpointIO", "CheckpointTensors", "CheckpointSafetensors"]
    ),
    tests(
      "CheckpointGraphTests",
      ["CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointGraph"]
    ),
    tests(
      "CheckpointStoreTests",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointBundle", "CheckpointSlices",
        "CheckpointSafetensors", "CheckpointStore",
      ]
    ),
    tests(
      "CheckpointsTests",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointBundle", "CheckpointSlices",
        "CheckpointSafetensors", "CheckpointGraph", "CheckpointMapping", "CheckpointStore",
        "CheckpointPlans", "Checkpoints", "crashing-saver", "documentation-samples",
      ],
      exclude: ["Architectures"]
    ),
    tests(
      "CheckpointFuzzTests", ["CheckpointIO", "CheckpointFuzzTargets"],
      exclude: ["Dictionaries", "Regressions"]
    ),
    tests(
      "CheckpointToolTests",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointBundle", "CheckpointGraph",
        "CheckpointMapping", "CheckpointStore", "CheckpointPlans", "Checkpoints",
        "CheckpointTool",
      ]
    ),
    tests("ExampleTests", ["Checkpoints", "resume-training", "legacy-restore", "multi-process"]),
    tests(
      "TensorFlowFixtureTests",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointBundle",
        "CheckpointSlices", "CheckpointMapping", "CheckpointStore", "CheckpointPlans",
        "Checkpoints",
      ],
      exclude: ["Fixtures"]
    ),
    tests(
      "InteropTests",
      [
        "CheckpointIO", "CheckpointTensors", "CheckpointWire", "CheckpointBundle",
        "CheckpointSlices", "CheckpointSafetensors", "CheckpointMapping", "CheckpointStore",
        "CheckpointPlans", "Checkpoints",
      ],
      exclude: [
        "tensorflow_reader.py", "tensorflow_objects.py", "tensorflow_managers.py",
        "tensorflow_savers.py", "tensorflow_keras.py", "safetensors_reader.py",
        "transformers_judge.py", "forward_judge.py",
      ]
    ),
  ],
  cLanguageStandard: .c11
)

// libFuzzer's program: it links with libFuzzer only, see `.ci/fuzz`.
if Context.environment["CHECKPOINTS_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "CheckpointFuzz", dependencies: ["CheckpointFuzzTargets"],
      path: "Tests/CheckpointFuzz", swiftSettings: settings))
}
