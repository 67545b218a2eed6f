// swift-tools-version: 6.2

import PackageDescription

// What README.md says about adding the library to a package; `DocumentationTests` has it read.

// Once there is a tag.
let tagged: [Package.Dependency] = [
  .package(url: "<URL of the repository>/swift-checkpoints", .upToNextMinor(from: "0.1.0"))
]

let package = Package(
  name: "my-model",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(url: "<URL of the repository>/swift-checkpoints", branch: "main")
  ],
  targets: [
    .target(
      name: "MyModel",
      dependencies: [.product(name: "Checkpoints", package: "swift-checkpoints")]
    )
  ]
)
